//! Something that is said of a release that is installed.

use std::fmt;

use one_ontology::{Timestamp, vocabulary};
use plugin_registry::Severity;
use plugin_runtime_api::PluginName;
use serde::{Deserialize, Serialize};

use super::Treatment;

vocabulary! {
    /// What can be said of a release after it was installed; the earlier, the graver.
    closed NoticeKind ("`revoked`, `unpublished` or `deprecated`") {
        /// The owner of the platform has revoked it.
        Revoked = "revoked",
        /// Its registry has it no longer.
        Unpublished = "unpublished",
        /// Its author advises against it.
        Deprecated = "deprecated",
    }
}

/// Something that is said of a release that an instance runs: of the plugin itself, or of a package of its runtime.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// What is said.
    pub kind: NoticeKind,
    /// Of which package.
    pub package: PluginName,
    /// In which version.
    pub version: String,
    /// Why, in the words of whoever says it: at most 200 characters, on one line. A stranger's words, and
    /// nothing is decided by them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// How bad it is; only of a revocation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// What the organisation does about it.
    pub treatment: Treatment,
    /// Since when it is known here.
    pub since: Timestamp,
}

impl Notice {
    /// The longest message, in characters.
    pub const MESSAGE: usize = 200;

    /// Whether two say the same kind of thing of the same release, if perhaps in other words.
    pub(crate) fn is_about_the_same(&self, other: &Self) -> bool {
        self.key() == other.key()
    }

    /// Whether two say the same, whenever it became known. An author who finds other words for the same advice says nothing new.
    pub(crate) fn says_the_same(&self, other: &Self) -> bool {
        let words = match self.kind {
            NoticeKind::Revoked | NoticeKind::Unpublished => self.message == other.message,
            NoticeKind::Deprecated => true,
        };
        let said = |it: &Self| (it.severity, it.treatment);
        self.is_about_the_same(other) && words && said(self) == said(other)
    }

    pub(crate) const fn key(&self) -> (NoticeKind, &PluginName, &String) {
        (self.kind, &self.package, &self.version)
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            NoticeKind::Revoked => "is revoked",
            NoticeKind::Unpublished => "is no longer in its registry",
            NoticeKind::Deprecated => "is deprecated",
        };
        write!(f, "{} {} {what}", self.package, self.version)?;
        if let Some(severity) = self.severity {
            write!(f, " ({severity})")?;
        }
        match &self.message {
            Some(message) => write!(f, ": {message}"),
            None => Ok(()),
        }
    }
}
