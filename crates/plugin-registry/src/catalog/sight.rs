//! How much of a package a document shows.

use std::collections::BTreeSet;

use semver::Version;

use crate::PackageVersions;

/// How much of a package a document shows. What is not seen of it may be there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Sight {
    /// All of it: what is not listed is withdrawn.
    #[default]
    Whole,
    /// All but these versions, which are listed and cannot be read.
    But(BTreeSet<Version>),
    /// It was kept from before, or cut: nobody knows what is listed by now.
    Part,
}

impl Sight {
    /// Of a document that was read live.
    #[must_use]
    pub(crate) fn of(versions: &PackageVersions) -> Self {
        if versions.is_cut() {
            return Self::Part;
        }
        let broken = versions.broken.keys();
        let broken: BTreeSet<Version> = broken
            .filter_map(|text| plugin_resolver::parse_version(text).ok())
            .collect();
        if broken.is_empty() {
            Self::Whole
        } else {
            Self::But(broken)
        }
    }

    /// Whether a version that is not listed is withdrawn.
    pub(crate) fn shows_the_lack_of(&self, version: &Version) -> bool {
        match self {
            Self::Whole => true,
            Self::But(unread) => !unread.contains(version),
            Self::Part => false,
        }
    }
}
