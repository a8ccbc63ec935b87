//! One request to a registry, with its redirects and retries.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use one_ontology::excerpt;
use ureq::http::{HeaderMap, HeaderValue, Response};
use ureq::tls::TlsConfig;
use ureq::unversioned::transport::DefaultConnector;
use ureq::{Agent, Body, Proxy};

use crate::http::names::Names;
use crate::http::tls::tls;
use crate::url::{Scheme, Url};
use crate::{HttpLimits, NpmConfig, NpmError};

/// Most redirects that are followed.
const MAX_REDIRECTS: usize = 5;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    /// The bytes.
    Get,
    /// Only their size.
    Head,
}

/// One question to a registry.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    /// In words, for errors.
    pub(crate) what: &'a str,
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) accept: &'static str,
    /// The tag of what is kept already.
    pub(crate) etag: Option<&'a str>,
    /// Largest body read.
    pub(crate) limit: u64,
}

/// A registry's answer.
#[derive(Debug)]
pub(crate) enum Reply {
    /// The bytes, or for a question about size none.
    Fresh {
        body: Vec<u8>,
        etag: Option<String>,
        size: Option<u64>,
    },
    /// What is kept is still right.
    NotModified,
}

/// Asks registries.
#[derive(Debug)]
pub(crate) struct Client {
    config: Arc<NpmConfig>,
    limits: HttpLimits,
    tls: TlsConfig,
    names: Names,
    agents: Mutex<BTreeMap<Option<String>, Agent>>,
}

/// A try that failed.
enum Failure {
    /// Trying again cannot help.
    Final(NpmError),
    /// Trying again may help, after a pause if the registry named one.
    Passing {
        error: NpmError,
        pause: Option<Duration>,
    },
}

impl Client {
    pub(crate) fn new(
        config: Arc<NpmConfig>,
        limits: HttpLimits,
        extra_roots: Option<&Path>,
    ) -> Result<Self, NpmError> {
        let tls = tls(&config, extra_roots)?;
        Ok(Self {
            config,
            limits,
            tls,
            names: Names::default(),
            agents: Mutex::new(BTreeMap::new()),
        })
    }

    /// Asks, follows redirects, tries again where that may help.
    pub(crate) fn send(&self, request: &Request<'_>) -> Result<Reply, NpmError> {
        let mut attempt = 1;
        let mut backoff = self.limits.backoff;
        loop {
            match self.attempt(request, attempt) {
                Ok(reply) => return Ok(reply),
                Err(Failure::Final(error)) => return Err(error),
                Err(Failure::Passing { error, pause }) => {
                    let pause = pause.unwrap_or(backoff);
                    if attempt >= self.limits.attempts || pause > self.limits.longest_pause {
                        return Err(error);
                    }
                    thread::sleep(pause);
                }
            }
            attempt += 1;
            backoff = backoff.saturating_mul(2);
        }
    }

    fn attempt(&self, request: &Request<'_>, attempt: u32) -> Result<Reply, Failure> {
        let mut url = request.url.clone();
        // Credentials go along as long as the answer comes from where they were meant for.
        let mut trusted = true;
        for _ in 0..=MAX_REDIRECTS {
            let credential = self.config.credential(&url).filter(|_| trusted);
            let header = credential.map(|(_, credential)| credential.header());
            let sent_credentials = header.is_some();
            let reply = self
                .exchange(request, &url, header)
                .map_err(|error| self.network(request, attempt, &error))?;
            match reply.status().as_u16() {
                301 | 302 | 303 | 307 | 308 => {
                    let next = self.redirect(request, &url, reply.headers())?;
                    trusted = trusted && next.same_origin(&url);
                    url = next;
                }
                status => return self.answer(request, attempt, status, sent_credentials, reply),
            }
        }
        Err(Failure::Final(NpmError::Network {
            what: request.what.to_owned(),
            attempts: attempt,
            reason: format!("more than {MAX_REDIRECTS} redirects"),
        }))
    }

    fn exchange(
        &self,
        request: &Request<'_>,
        url: &Url,
        authorization: Option<String>,
    ) -> Result<Response<Body>, ureq::Error> {
        let agent = self.agent(self.config.proxies().find(url))?;
        let address = url.to_string();
        let mut builder = match request.method {
            Method::Get => agent.get(&address),
            Method::Head => agent.head(&address),
        };
        builder = builder.header("accept", request.accept);
        if let Some(etag) = request.etag {
            builder = builder.header("if-none-match", etag);
        }
        if let Some(text) = authorization {
            let mut value =
                HeaderValue::from_str(&text).map_err(|e| ureq::Error::Http(e.into()))?;
            value.set_sensitive(true);
            builder = builder.header("authorization", value);
        }
        builder.call()
    }

    fn redirect(
        &self,
        request: &Request<'_>,
        from: &Url,
        headers: &HeaderMap,
    ) -> Result<Url, Failure> {
        let bad = |reason: &str| {
            Failure::Final(NpmError::Network {
                what: request.what.to_owned(),
                attempts: 1,
                reason: format!("the redirect cannot be followed: {reason}"),
            })
        };
        let location = text_of(headers, "location").ok_or_else(|| bad("it leads nowhere"))?;
        let next = from.join(location).map_err(bad)?;
        if from.scheme() == Scheme::Https && next.scheme() == Scheme::Http {
            return Err(bad("it leads from https to http"));
        }
        Ok(next)
    }

    fn answer(
        &self,
        request: &Request<'_>,
        attempt: u32,
        status: u16,
        sent_credentials: bool,
        mut reply: Response<Body>,
    ) -> Result<Reply, Failure> {
        let what = || request.what.to_owned();
        match status {
            200 => {
                let size = text_of(reply.headers(), "content-length")
                    .and_then(|text| text.trim().parse::<u64>().ok());
                let etag = text_of(reply.headers(), "etag").map(str::to_owned);
                let body = match request.method {
                    Method::Head => Vec::new(),
                    Method::Get => self.read(request, attempt, size, &mut reply)?,
                };
                Ok(Reply::Fresh { body, etag, size })
            }
            304 if request.etag.is_some() => Ok(Reply::NotModified),
            401 | 403 => Err(Failure::Final(NpmError::Unauthorized {
                what: what(),
                status,
                sent_credentials,
            })),
            404 | 410 => Err(Failure::Final(NpmError::PackageNotFound {
                package: what(),
            })),
            429 => {
                let seconds = text_of(reply.headers(), "retry-after")
                    .and_then(|text| text.trim().parse::<u64>().ok());
                Err(Failure::Passing {
                    error: NpmError::RateLimited {
                        what: what(),
                        retry_after_seconds: seconds,
                    },
                    pause: seconds.map(Duration::from_secs),
                })
            }
            500..=599 => Err(Failure::Passing {
                error: NpmError::Network {
                    what: what(),
                    attempts: attempt,
                    reason: format!("the registry answers with status {status}"),
                },
                pause: None,
            }),
            _ => Err(Failure::Final(NpmError::UnexpectedStatus {
                what: what(),
                status,
            })),
        }
    }

    /// The whole body, unless it is longer than allowed.
    fn read(
        &self,
        request: &Request<'_>,
        attempt: u32,
        size: Option<u64>,
        reply: &mut Response<Body>,
    ) -> Result<Vec<u8>, Failure> {
        let too_large = || {
            Failure::Final(NpmError::TooLarge {
                what: request.what.to_owned(),
                limit: request.limit,
            })
        };
        if size.is_some_and(|size| size > request.limit) {
            return Err(too_large());
        }
        let mut body = Vec::new();
        let bound = request.limit.saturating_add(1);
        let mut reader = reply.body_mut().as_reader().take(bound);
        reader
            .read_to_end(&mut body)
            .map_err(|error| self.network(request, attempt, &ureq::Error::from(error)))?;
        if body.len() as u64 > request.limit {
            return Err(too_large());
        }
        Ok(body)
    }

    fn network(&self, request: &Request<'_>, attempt: u32, error: &ureq::Error) -> Failure {
        let mut reason = excerpt(&error.to_string(), 256);
        for secret in self.config.secrets() {
            reason = reason.replace(&secret, "***");
        }
        let error_made = NpmError::Network {
            what: request.what.to_owned(),
            attempts: attempt,
            reason,
        };
        match error {
            ureq::Error::Http(_)
            | ureq::Error::BadUri(_)
            | ureq::Error::InvalidProxyUrl
            | ureq::Error::Rustls(_)
            | ureq::Error::Tls(_)
            | ureq::Error::LargeResponseHeader(..) => Failure::Final(error_made),
            _ => Failure::Passing {
                error: error_made,
                pause: None,
            },
        }
    }

    /// One agent, with its open connections, for each way out.
    fn agent(&self, proxy: Option<&str>) -> Result<Agent, ureq::Error> {
        let key = proxy.map(str::to_owned);
        let mut agents = self.agents.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(agent) = agents.get(&key) {
            return Ok(agent.clone());
        }
        let proxy = proxy.map(Proxy::new).transpose()?;
        let config = Agent::config_builder()
            .proxy(proxy)
            .tls_config(self.tls.clone())
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(concat!("plugin-source-npm/", env!("CARGO_PKG_VERSION")))
            .timeout_connect(Some(self.limits.connect))
            .timeout_recv_response(Some(self.limits.answer))
            .timeout_recv_body(Some(self.limits.body))
            .max_idle_connections_per_host(self.limits.concurrency.max(1))
            .build();
        let agent = Agent::with_parts(config, DefaultConnector::default(), self.names.clone());
        agents.insert(key, agent.clone());
        Ok(agent)
    }
}

fn text_of<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
