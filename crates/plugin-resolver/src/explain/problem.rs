//! Why a need fails by itself, in words.

use std::fmt;

use serde::ser::{Serialize, SerializeStruct, Serializer};

use crate::error::quoted;
use crate::universe::Problem;

impl Problem {
    /// The stable machine name of this problem: the variant's.
    #[must_use]
    pub fn tag(&self) -> &'static str {
        match self {
            Self::PackageMissing => "PackageMissing",
            Self::PackageEmpty => "PackageEmpty",
            Self::NoVersionMatches { .. } => "NoVersionMatches",
            Self::OnlyPrereleasesMatch { .. } => "OnlyPrereleasesMatch",
            Self::HostVersionUnknown => "HostVersionUnknown",
            Self::TagUnknown { .. } => "TagUnknown",
            Self::WorkspacePublished => "WorkspacePublished",
            Self::Unresolvable { .. } => "Unresolvable",
            Self::NeedsOtherSelf => "NeedsOtherSelf",
            Self::NeverExported => "NeverExported",
            Self::TooYoung { .. } => "TooYoung",
        }
    }
}

/// As JSON an object with `"_tag"` and `"message"`.
impl Serialize for Problem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("Problem", 2)?;
        object.serialize_field("_tag", self.tag())?;
        object.serialize_field("message", &self.to_string())?;
        object.end()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PackageMissing => f.write_str("no package of that name is known"),
            Self::PackageEmpty => f.write_str("that package has no version at all"),
            Self::NoVersionMatches { newest } => {
                write!(f, "no version is in that range, the newest is {newest}")
            }
            Self::OnlyPrereleasesMatch { newest } => write!(
                f,
                "only prereleases are in that range, and they must be asked for by name; the newest is {newest}"
            ),
            Self::HostVersionUnknown => f.write_str("nothing is known of that version"),
            Self::TagUnknown { tag } => write!(f, "that package has no tag `{}`", quoted(tag)),
            Self::WorkspacePublished => f.write_str(
                "a mistake of its publisher, since `workspace:` has a meaning only in the publisher's own repository",
            ),
            Self::Unresolvable { kind } => {
                write!(f, "that is {}, not a version of the registry", kind.describe())
            }
            Self::NeedsOtherSelf => f.write_str("it asks for another version of itself"),
            Self::NeverExported => f.write_str("no version exports that"),
            Self::TooYoung {
                newest,
                published: Some(published),
            } => write!(
                f,
                "only versions younger than the cooldown are in that range: {newest}, published {}",
                published.date_naive()
            ),
            Self::TooYoung {
                newest,
                published: None,
            } => write!(
                f,
                "only versions of unknown age are in that range, which the cooldown passes over: {newest}"
            ),
        }
    }
}
