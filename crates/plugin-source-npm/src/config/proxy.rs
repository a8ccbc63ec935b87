//! Which connections go through a proxy.

use std::collections::BTreeMap;
use std::fmt;

use crate::url::{Scheme, Url};

/// The proxy settings, as npm combines its own with the environment's.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Proxies {
    /// npm's `https-proxy`, else its `proxy`.
    pub(crate) npm: Option<String>,
    /// `https_proxy` of the environment.
    pub(crate) https: Option<String>,
    /// `http_proxy`, else `proxy` of the environment.
    pub(crate) http: Option<String>,
    /// Domains that are reached directly.
    pub(crate) direct: Vec<String>,
}

impl Proxies {
    pub(crate) fn from_environment(environment: &BTreeMap<String, String>) -> Self {
        let find = |name: &str| {
            environment
                .iter()
                .find(|(key, value)| key.eq_ignore_ascii_case(name) && !value.is_empty())
                .map(|(_, value)| value.clone())
        };
        Self {
            npm: None,
            https: find("https_proxy"),
            http: find("http_proxy").or_else(|| find("proxy")),
            direct: find("no_proxy").map_or_else(Vec::new, |list| domains(&list)),
        }
    }

    /// The proxy to reach this address through.
    pub(crate) fn find(&self, url: &Url) -> Option<&str> {
        let proxy = match (&self.npm, url.scheme()) {
            (Some(proxy), _) => Some(proxy),
            (None, Scheme::Https) => self.https.as_ref(),
            (None, Scheme::Http) => self.https.as_ref().or(self.http.as_ref()),
        };
        proxy
            .filter(|_| !self.is_direct(url.host()))
            .map(String::as_str)
    }

    /// A listed domain covers itself and everything below it.
    fn is_direct(&self, host: &str) -> bool {
        let host = match host.rsplit_once(':') {
            Some((name, port)) if port.chars().all(|c| c.is_ascii_digit()) => name,
            _ => host,
        };
        let labels = |name: &str| {
            let mut labels: Vec<String> = name
                .split('.')
                .filter(|l| !l.is_empty())
                .map(str::to_ascii_lowercase)
                .collect();
            labels.reverse();
            labels
        };
        let host = labels(host);
        self.direct.iter().any(|domain| {
            let domain = labels(domain);
            !domain.is_empty() && host.starts_with(&domain)
        })
    }
}

impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A proxy's address may hold a password.
        f.debug_struct("Proxies")
            .field("npm", &self.npm.is_some())
            .field("https", &self.https.is_some())
            .field("http", &self.http.is_some())
            .field("direct", &self.direct)
            .finish()
    }
}

pub(crate) fn domains(list: &str) -> Vec<String> {
    list.split(',')
        .map(str::trim)
        .filter(|domain| !domain.is_empty())
        .map(str::to_owned)
        .collect()
}
