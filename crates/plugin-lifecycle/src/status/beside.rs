//! What there is to know of an instance besides its row.

use std::collections::BTreeSet;

use plugin_registry::PluginRecord;
use plugin_resolver::{compare_versions, parse_version};
use semver::Version;

use crate::Pin;

/// What there is to know of an instance besides its row. What is not known is said to be unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Beside {
    /// Whoever gave the last command, in words; `Somebody` if empty.
    pub who: String,
    /// What the catalog offers of its package.
    pub offer: Option<Offer>,
    /// The parameters that the vault has secrets for, by name.
    pub secrets: Option<BTreeSet<String>>,
    /// How many executions of its organisation wait for a place, in this process.
    pub waiting: Option<usize>,
}

/// What the catalog offers of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The version that is offered when nothing is asked.
    pub latest: Version,
    /// The best version that a pin admits; none, where that is none of those known.
    pub admitted: Option<Version>,
}

impl Offer {
    /// What a record of the catalog offers to an instance with this pin; none if it names no version.
    #[must_use]
    pub fn of(record: &PluginRecord, pin: Option<&Pin>) -> Option<Self> {
        let package = record.package.as_ref()?;
        let latest = package.version.clone()?;
        let admitted = match pin {
            None => Some(latest.clone()),
            Some(Pin::Hold) => None,
            Some(Pin::Channel { tag }) => package.dist_tags.get(tag).cloned(),
            Some(pin @ Pin::Range { .. }) => {
                let releases = package.releases.iter().map(|release| &release.version);
                let admitted = releases.filter(|version| pin.admits(version));
                admitted.max_by(|a, b| compare_versions(a, b)).cloned()
            }
        };
        Some(Self { latest, admitted })
    }

    /// Whether a version is below the one that is offered to everybody.
    pub(crate) fn is_above(&self, version: &str) -> bool {
        is_newer(&self.latest, version)
    }

    /// The version that an instance of this version may become, if that is a newer one.
    pub(crate) fn update_of(&self, version: &str) -> Option<&Version> {
        let admitted = self.admitted.as_ref();
        admitted.filter(|admitted| is_newer(admitted, version))
    }
}

fn is_newer(offered: &Version, version: &str) -> bool {
    parse_version(version).is_ok_and(|version| compare_versions(offered, &version).is_gt())
}
