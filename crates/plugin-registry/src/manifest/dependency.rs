//! What a package needs, as its author wrote it.

use one_ontology::{excerpt, vocabulary};
use plugin_resolver::{PackageName, Spec, UnresolvableKind};
use serde::{Deserialize, Serialize};

vocabulary! {
    /// How a package needs another.
    closed DependencyKind ("a kind of dependency") {
        /// It is installed with it: `dependencies`.
        Normal = "normal",
        /// The host or another plugin must bring it: `peerDependencies`.
        Peer = "peer",
        /// A peer that may be missing: `peerDependenciesMeta.NAME.optional`.
        OptionalPeer = "optional_peer",
        /// Installed if it can be: `optionalDependencies`.
        Optional = "optional",
    }
}

/// One requirement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dependency {
    /// What is needed.
    pub name: PackageName,
    /// How.
    #[serde(default = "normal", skip_serializing_if = "is_normal")]
    pub kind: DependencyKind,
    /// Which versions, as it was written.
    #[serde(with = "spec_text")]
    pub spec: Spec,
}

/// Which core a plugin says it needs, and where it says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoreRequirement {
    /// Which versions, as it was written; of `dependencies` when several places say it.
    #[serde(with = "spec_text")]
    pub spec: Spec,
    /// Every place that says it, in the order of precedence.
    pub declared_in: Vec<DependencyKind>,
}

/// Reads a specifier; what cannot be read is kept as unresolvable, with the reason.
pub(crate) fn read_spec(text: &str) -> (Spec, Option<String>) {
    // Stores keep no U+0000, and nobody means one.
    let odd = text.chars().any(|c| c.is_control() && !c.is_whitespace());
    match Spec::parse(text) {
        Ok(_) if odd => (
            Spec::Unresolvable {
                kind: UnresolvableKind::Protocol,
                text: excerpt(text, 300).into(),
            },
            Some("it has control characters in it".to_owned()),
        ),
        Ok(spec) => (spec, None),
        Err(error) => (
            Spec::Unresolvable {
                kind: UnresolvableKind::Protocol,
                text: excerpt(text, 300).into(),
            },
            Some(error.to_string()),
        ),
    }
}

const fn normal() -> DependencyKind {
    DependencyKind::Normal
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature that serde asks for"
)]
fn is_normal(kind: &DependencyKind) -> bool {
    *kind == DependencyKind::Normal
}

/// A specifier as the text it was written in.
pub(crate) mod spec_text {
    use plugin_resolver::Spec;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(spec: &Spec, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(spec)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Spec, D::Error> {
        let text = String::deserialize(deserializer)?;
        Ok(super::read_spec(&text).0)
    }
}
