//! What an organisation follows, and what is too young for it.

use std::fmt;
use std::str::FromStr;

use one_ontology::Timestamp;
use plugin_registry::PackageVersions;
use plugin_resolver::{ResolverError, Spec, compare_versions};
use semver::Version;
use serde::{Deserialize, Serialize};

/// A tag of a registry that is followed: `latest`, `next`, `beta`.
///
/// ```
/// use plugin_lifecycle::Channel;
/// assert_eq!("beta".parse::<Channel>().unwrap().as_str(), "beta");
/// assert!("^1.6".parse::<Channel>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Channel(String);

impl Channel {
    /// The tag.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Channel {
    type Err = ResolverError;

    fn from_str(text: &str) -> Result<Self, ResolverError> {
        match Spec::parse(text)? {
            Spec::Tag(tag) => Ok(Self(tag.to_string())),
            _ => Err(ResolverError::InvalidSpec {
                text: one_ontology::excerpt(text, 64),
                reason: "a channel is a tag of the registry, such as `beta`",
            }),
        }
    }
}

impl TryFrom<String> for Channel {
    type Error = ResolverError;

    fn try_from(text: String) -> Result<Self, ResolverError> {
        text.parse()
    }
}

impl From<Channel> for String {
    fn from(channel: Channel) -> Self {
        channel.0
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A release that would be offered if it were older.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct YoungRelease {
    /// Its version.
    pub version: Version,
    /// When it was published, as its registry says.
    pub published_at: Timestamp,
    /// From when on it is offered. Until then it can be had by its exact version.
    pub offered_from: Timestamp,
}

impl YoungRelease {
    /// In words, at some time.
    #[must_use]
    pub fn told(&self, now: Timestamp) -> String {
        let Self {
            version,
            offered_from,
            ..
        } = self;
        let age = self.age(now);
        format!("{version} is {age} old; it is offered from {offered_from} on")
    }

    /// How old it is at some time, in words.
    pub(crate) fn age(&self, now: Timestamp) -> String {
        let minutes = now.since(self.published_at).as_secs() / 60;
        match (minutes, minutes / 60, minutes / 60 / 24) {
            (1, 0, _) => "1 minute".to_owned(),
            (minutes, 0, _) => format!("{minutes} minutes"),
            (_, 1, _) => "1 hour".to_owned(),
            (_, hours, 0 | 1) => format!("{hours} hours"),
            (_, _, days) => format!("{days} days"),
        }
    }
}

/// The tag that a specifier names, if it names one.
pub(crate) fn tag_of(spec: &Spec) -> Option<&str> {
    match spec {
        Spec::Tag(tag) => Some(tag),
        Spec::Alias { spec, .. } => tag_of(spec),
        _ => None,
    }
}

/// What a specifier names, however young it is; where nothing is said, what is tagged `latest`, else the newest, a
/// prerelease only where there is nothing else.
pub(crate) fn named<'a>(versions: &'a PackageVersions, spec: Option<&Spec>) -> Option<&'a Version> {
    let newest = |fits: &dyn Fn(&Version) -> bool| {
        let fitting = versions.releases.keys().filter(|version| fits(version));
        fitting.max_by(|one, other| compare_versions(one, other))
    };
    match spec {
        Some(Spec::Range(range)) => newest(&|version| range.satisfies(version)),
        Some(spec) => versions.dist_tags.get(tag_of(spec)?),
        None => {
            let tagged = versions.dist_tags.get("latest");
            let stable = || newest(&|version| version.pre.is_empty());
            tagged.or_else(stable).or_else(|| newest(&|_| true))
        }
    }
}
