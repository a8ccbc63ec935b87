//! What keeps the registry from answering: the eight errors that callers know by tag.

use one_ontology::excerpt;
use serde_json::{Map, Value, json};

use crate::{Report, SourceError};

/// Why the registry cannot do what was asked.
///
/// The eight kinds and their tags are the published ones; [`RegistryError::wire`] is how they look
/// to other languages.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// There is no such plugin.
    #[error("there is no plugin `{name}` in {registry}")]
    PluginNotFound {
        /// The name asked for.
        name: String,
        /// Where it was looked for.
        registry: String,
    },
    /// The package is no plugin that can be used.
    #[error("`{package}` is not a usable package: {report}")]
    InvalidPluginStructure {
        /// The package, with its version where that is known.
        package: String,
        /// What is wrong with it.
        report: Report,
    },
    /// The plugins asked for cannot be together.
    #[error("the dependencies cannot be satisfied: {}", explanation.join("; "))]
    DependencyConflict {
        /// The explanation, line by line.
        explanation: Vec<String>,
    },
    /// The registry does not want to or cannot answer.
    #[error("the registry {registry} is unavailable: {reason}")]
    RegistryUnavailable {
        /// Which registry.
        registry: String,
        /// In words.
        reason: String,
    },
    /// A version that does not fit.
    #[error("`{package}` {wanted} does not fit: {reason}")]
    VersionIncompatible {
        /// The package.
        package: String,
        /// The version or range that was wanted.
        wanted: String,
        /// What it would have to fit.
        reason: String,
    },
    /// The way to the registry is broken.
    #[error("the network gave no answer for `{what}`: {reason}")]
    NetworkError {
        /// What was asked for.
        what: String,
        /// In words.
        reason: String,
    },
    /// A document that cannot be read at all.
    #[error("`{what}` cannot be read: {reason}{}", position(*line, *column))]
    ParseError {
        /// The document.
        what: String,
        /// What is wrong.
        reason: String,
        /// The line, from 1; 0 when it is not about a place.
        line: u64,
        /// The column, from 1; 0 when it is not about a place.
        column: u64,
    },
    /// Data that can be read and does not hold.
    #[error("`{what}` does not hold: {report}")]
    ValidationError {
        /// What was checked.
        what: String,
        /// Each field and reason.
        report: Report,
    },
}

impl RegistryError {
    /// Each tag, with what to do about it.
    pub const TAGS: &'static [(&'static str, &'static str)] = &[
        (
            "PluginNotFound",
            "check the spelling; `search` finds plugins by words, `sync` reads the registry again",
        ),
        (
            "InvalidPluginStructure",
            "choose another version; the package has to be corrected by its author",
        ),
        (
            "DependencyConflict",
            "read the explanation; leave out or change one of the requests it names",
        ),
        (
            "RegistryUnavailable",
            "try again later, correct the registry's credentials, or go on with what is cached",
        ),
        (
            "VersionIncompatible",
            "ask for a version that fits; the message says what it has to fit",
        ),
        (
            "NetworkError",
            "check the network and npm's proxy settings, then try again",
        ),
        (
            "ParseError",
            "the document is broken at the place named; the catalog was left as it was",
        ),
        ("ValidationError", "correct the named fields"),
    ];

    /// The stable machine name.
    #[must_use]
    pub const fn tag(&self) -> &'static str {
        match self {
            Self::PluginNotFound { .. } => "PluginNotFound",
            Self::InvalidPluginStructure { .. } => "InvalidPluginStructure",
            Self::DependencyConflict { .. } => "DependencyConflict",
            Self::RegistryUnavailable { .. } => "RegistryUnavailable",
            Self::VersionIncompatible { .. } => "VersionIncompatible",
            Self::NetworkError { .. } => "NetworkError",
            Self::ParseError { .. } => "ParseError",
            Self::ValidationError { .. } => "ValidationError",
        }
    }

    /// There is no plugin `name` in `registry`.
    #[must_use]
    pub fn plugin_not_found(name: &str, registry: &str) -> Self {
        Self::PluginNotFound {
            name: excerpt(name, 214),
            registry: excerpt(registry, 100),
        }
    }

    /// `package` cannot be used, for the errors of `report`.
    #[must_use]
    pub fn invalid_plugin_structure(package: &str, report: Report) -> Self {
        Self::InvalidPluginStructure {
            package: excerpt(package, 300),
            report,
        }
    }

    /// The dependencies cannot be satisfied; one line of explanation each, at most 12.
    #[must_use]
    pub fn dependency_conflict<S: AsRef<str>>(explanation: &[S]) -> Self {
        Self::DependencyConflict {
            explanation: explanation
                .iter()
                .take(12)
                .map(|line| excerpt(line.as_ref(), 500))
                .collect(),
        }
    }

    /// `registry` does not answer, for `reason`.
    #[must_use]
    pub fn registry_unavailable(registry: &str, reason: &str) -> Self {
        Self::RegistryUnavailable {
            registry: excerpt(registry, 100),
            reason: excerpt(reason, 500),
        }
    }

    /// `wanted` of `package` does not fit, for `reason`.
    #[must_use]
    pub fn version_incompatible(package: &str, wanted: &str, reason: &str) -> Self {
        Self::VersionIncompatible {
            package: excerpt(package, 214),
            wanted: excerpt(wanted, 256),
            reason: excerpt(reason, 500),
        }
    }

    /// The network gave nothing for `what`.
    #[must_use]
    pub fn network_error(what: &str, reason: &str) -> Self {
        Self::NetworkError {
            what: excerpt(what, 214),
            reason: excerpt(reason, 500),
        }
    }

    /// `what` cannot be read, for `reason`, at no particular place.
    #[must_use]
    pub fn parse_error(what: &str, reason: &str) -> Self {
        Self::ParseError {
            what: excerpt(what, 214),
            reason: excerpt(reason, 500),
            line: 0,
            column: 0,
        }
    }

    /// `what` can be read and does not hold.
    #[must_use]
    pub fn validation_error(what: &str, report: Report) -> Self {
        Self::ValidationError {
            what: excerpt(what, 214),
            report,
        }
    }

    /// What a source's error means for somebody who asked the registry.
    #[must_use]
    pub fn of_source(registry: &str, error: &SourceError) -> Self {
        match error {
            SourceError::NotFound { what } => Self::plugin_not_found(what, registry),
            SourceError::Unavailable { what, reason } => Self::network_error(what, reason),
            SourceError::Malformed { what, reason } => Self::parse_error(what, reason),
            SourceError::TooLarge { what, limit } => {
                Self::parse_error(what, &format!("it is larger than {limit} bytes"))
            }
            SourceError::Denied { .. }
            | SourceError::IntegrityMismatch { .. }
            | SourceError::ToolMissing { .. }
            | SourceError::Failed { .. } => {
                Self::registry_unavailable(registry, &error.to_string())
            }
        }
    }

    /// The view for other languages: `{"_tag", "message", ...fields}`.
    #[must_use]
    pub fn wire(&self) -> Value {
        let fields = match self {
            Self::PluginNotFound { name, registry } => {
                json!({"name": name, "registry": registry})
            }
            Self::InvalidPluginStructure { package, report } => {
                json!({"package": package, "report": report})
            }
            Self::DependencyConflict { explanation } => json!({"explanation": explanation}),
            Self::RegistryUnavailable { registry, reason } => {
                json!({"registry": registry, "reason": reason})
            }
            Self::VersionIncompatible {
                package,
                wanted,
                reason,
            } => json!({"package": package, "wanted": wanted, "reason": reason}),
            Self::NetworkError { what, reason } => json!({"what": what, "reason": reason}),
            Self::ParseError {
                what,
                reason,
                line,
                column,
            } => json!({"what": what, "reason": reason, "line": line, "column": column}),
            Self::ValidationError { what, report } => json!({"what": what, "report": report}),
        };
        let mut wire = Map::new();
        wire.insert("_tag".to_owned(), self.tag().into());
        wire.insert("message".to_owned(), self.to_string().into());
        if let Value::Object(fields) = fields {
            wire.extend(fields);
        }
        Value::Object(wire)
    }
}

fn position(line: u64, column: u64) -> String {
    if line == 0 {
        String::new()
    } else {
        format!(" at line {line} column {column}")
    }
}
