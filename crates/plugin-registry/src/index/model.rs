//! What a list of plugins says, whatever shape it has.

use std::collections::BTreeMap;

use one_ontology::vocabulary;
use plugin_resolver::{PackageName, Spec};
use semver::Version;
use serde::{Deserialize, Serialize};

use crate::manifest::spec_text;
use crate::{Category, Finding, Installability, Report, Repository};

vocabulary! {
    /// Which shape a list has.
    closed IndexShape ("a shape of a list of plugins") {
        /// `{"name": "github:owner/repository"}`.
        Flat = "flat",
        /// `{lastUpdatedAt, registry}`, with `alpha` for the newest line.
        Legacy = "a",
        /// As the legacy one with `schemaVersion`, and `v2` for `alpha`.
        Versioned = "b",
        /// `{registry}` only, without core ranges.
        Generated = "c",
    }
}

vocabulary! {
    /// A major line of elizaOS.
    closed Line ("`v0`, `v1` or `v2`") {
        /// Core 0.x.
        V0 = "v0",
        /// Core 1.x.
        V1 = "v1",
        /// Core 2.x, also called alpha.
        V2 = "v2" | "alpha",
    }
}

impl Line {
    /// The line that a version belongs to; later ones than are known count as the newest.
    #[must_use]
    pub const fn of(version: &Version) -> Self {
        match version.major {
            0 => Self::V0,
            1 => Self::V1,
            _ => Self::V2,
        }
    }
}

vocabulary! {
    /// Whose a plugin is, as its registry says.
    closed Origin ("an origin") {
        /// The project's own.
        FirstParty = "first_party",
        /// Somebody else's.
        ThirdParty = "third_party",
    }
}

vocabulary! {
    /// What kind of plugin it is; others are kept.
    open PluginKind {
        /// A plugin.
        Plugin = "plugin",
        /// A connection to where people talk.
        Connector = "connector",
        /// A whole application.
        App = "app",
    }
}

/// The newest release of one line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LineRelease {
    /// Its version on npm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub npm: Option<Version>,
    /// Which core it asks for, as it was written.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "optional_spec"
    )]
    pub core: Option<Spec>,
    /// The tag in its repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub git_tag: Option<String>,
    /// The branch in its repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
}

impl LineRelease {
    /// Whether npm can install it: there is a version and its core is not asked for in a way that
    /// no registry can answer.
    #[must_use]
    pub const fn can_install(&self) -> bool {
        self.npm.is_some()
            && !matches!(
                self.core,
                Some(Spec::Workspace(_) | Spec::Unresolvable { .. })
            )
    }
}

/// One plugin of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct IndexEntry {
    /// The name it is listed under.
    pub name: PackageName,
    /// Its package on npm, nearly always the same.
    pub npm_package: PackageName,
    /// Where its source is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<Repository>,
    /// What it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Its page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub homepage: Option<String>,
    /// What its repository is about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub topics: Vec<String>,
    /// What it is about, the weightiest first; never empty.
    pub categories: Vec<Category>,
    /// How many people marked its repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stars: Option<u64>,
    /// The language of its source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Whose it is, where the list says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// What kind it is, where the list says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<PluginKind>,
    /// What the list says of its state, in its words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// The newest release of each line.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub lines: BTreeMap<Line, LineRelease>,
    /// Whether anything of it can be installed, by what the list says.
    pub installable: Installability,
}

impl IndexEntry {
    /// The lines that it can be installed for, worked out from its versions; what lists state as
    /// `supports` is wrong by construction and not kept.
    pub fn supports(&self) -> impl Iterator<Item = Line> {
        self.lines
            .iter()
            .filter(|(_, release)| release.can_install())
            .map(|(line, _)| *line)
    }
}

/// A list of plugins.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RegistryIndex {
    /// Which shape it had.
    pub shape: IndexShape,
    /// When it was made, in its own words.
    pub made_at: Option<String>,
    /// Every entry that can be read, by the name it is listed under.
    pub entries: BTreeMap<PackageName, IndexEntry>,
    /// Entries that cannot be read, and why: each costs only itself.
    pub broken: BTreeMap<String, Report>,
}

impl RegistryIndex {
    /// Why each entry that cannot be installed cannot.
    pub fn not_installable(&self) -> impl Iterator<Item = (&PackageName, &[Finding])> {
        self.entries
            .iter()
            .filter_map(|(name, entry)| match &entry.installable {
                Installability::Yes => None,
                Installability::No { reasons } => Some((name, reasons.as_slice())),
            })
    }
}

mod optional_spec {
    use plugin_resolver::Spec;
    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(clippy::ref_option, reason = "the signature that serde asks for")]
    pub(super) fn serialize<S: Serializer>(
        spec: &Option<Spec>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match spec {
            Some(spec) => super::spec_text::serialize(spec, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Spec>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        Ok(text.map(|text| crate::manifest::read_spec(&text).0))
    }
}
