//! How old a release has to be.

use std::time::Duration;

use one_ontology::Timestamp;
use plugin_registry::PackageVersions;
use plugin_resolver::{Cooldown, Request, Spec, parse_version};
use semver::Version;

use super::channel::named;
use super::{ReleaseSettings, YoungRelease};
use crate::Policy;

/// How old a release has to be to be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Age {
    wanted: Duration,
    until: Timestamp,
}

impl Age {
    /// As an organisation wants it, else the host; none where age does not count, or whoever asks says how it does.
    pub(crate) fn of(
        settings: &ReleaseSettings,
        policy: &Policy,
        how: &Request,
        now: Timestamp,
    ) -> Option<Self> {
        let wanted = settings.cooldown(policy);
        let counts = wanted > Duration::ZERO && !how.has_cooldown();
        counts.then(|| Self {
            wanted,
            until: now.minus(wanted),
        })
    }

    /// As it is asked of the resolver.
    pub(crate) fn cooldown(&self) -> Cooldown {
        Cooldown::published_until(self.until.as_datetime())
    }

    /// What would be named if age did not count, if that is too young.
    pub(crate) fn young(
        &self,
        versions: &PackageVersions,
        spec: Option<&Spec>,
    ) -> Option<YoungRelease> {
        self.of_release(versions, named(versions, spec)?)
    }

    /// A release, if it is too young.
    pub(crate) fn of_release(
        &self,
        versions: &PackageVersions,
        version: &Version,
    ) -> Option<YoungRelease> {
        let published_at = versions.releases.get(version)?.published_at?;
        (published_at > self.until).then(|| YoungRelease {
            version: version.clone(),
            published_at,
            offered_from: published_at.plus(self.wanted),
        })
    }
}

/// Whether a specifier names one version, which is then meant however young it is.
pub(crate) fn is_exact(spec: &Spec) -> bool {
    match spec {
        Spec::Range(range) => parse_version(range.as_str()).is_ok(),
        Spec::Alias { spec, .. } => is_exact(spec),
        _ => false,
    }
}
