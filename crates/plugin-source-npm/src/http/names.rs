//! Addresses of hosts, looked up once a minute.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

/// For how long an answer is used.
const FRESH: Duration = Duration::from_secs(60);

/// Looks hosts up as the system does, one at a time, and remembers the answers for a minute.
///
/// ureq asks before each request, also where a connection is open. With several threads that made
/// bursts of questions of which name servers drop some, and each loss costs five seconds: the
/// sizes of 234 tarballs took 36 s, and take 1.5 s so.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    known: Arc<Mutex<BTreeMap<String, Answer>>>,
}

#[derive(Debug)]
struct Answer {
    at: Instant,
    addresses: ResolvedSocketAddrs,
}

impl Resolver for Names {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let key = uri
            .scheme()
            .zip(uri.authority())
            .and_then(|(scheme, authority)| DefaultResolver::host_and_port(scheme, authority))
            .unwrap_or_default();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(answer) = known.get(&key)
            && now().duration_since(answer.at) < FRESH
        {
            return Ok(answer.addresses.clone());
        }
        let addresses = DefaultResolver::default().resolve(uri, config, timeout)?;
        let answer = Answer {
            at: now(),
            addresses: addresses.clone(),
        };
        known.insert(key, answer);
        Ok(addresses)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the age of an answer is measured by the machine's clock"
)]
fn now() -> Instant {
    Instant::now()
}
