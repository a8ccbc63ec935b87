//! Why a command does not do as asked, and what to do about it.

use std::process::ExitCode;

use one_ontology::{InvalidValue, ScopeError, StoreError};
use plugin_executor_node::NodeError;
use plugin_lifecycle::ManagerError;
use plugin_registry::{CatalogError, RegistryError};
use plugin_resolver::{Failure as ResolutionFailure, ResolverError};
use plugin_source_npm::NpmError;
use serde_json::{Value, json};

use crate::tags;

/// An error as people and machines are told it.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    tag: &'static str,
    message: String,
    details: Vec<String>,
}

/// The tags of this program's own errors.
pub(crate) const TAGS: &[(&str, &str)] = &[
    (
        "NotInCatalog",
        "run `one-plugin sync`, then `one-plugin search`",
    ),
    ("AmbiguousName", "write the full name of the package"),
    ("UsageError", "read the --help of the command"),
    (
        "NotInstalled",
        "run `one-plugin list` to see what is installed",
    ),
    (
        "InputUnreadable",
        "give JSON, `@FILE`, or `-` for standard input",
    ),
    ("HomeUnusable", "choose another directory with --home"),
    (
        "NodeMissing",
        "install Node 20 or later, or name it with --node; native plugins run without it",
    ),
    (
        "DemoFailed",
        "the step named did not show what it should: please report it with the output above",
    ),
];

impl Failure {
    pub(crate) fn new(tag: &'static str, message: impl Into<String>) -> Self {
        Self {
            tag,
            message: message.into(),
            details: Vec::new(),
        }
    }

    /// Further lines, below the message.
    pub(crate) fn with(mut self, details: impl IntoIterator<Item = String>) -> Self {
        self.details.extend(details);
        self
    }

    pub(crate) const fn tag(&self) -> &'static str {
        self.tag
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// The readable paragraph.
    pub(crate) fn paragraph(&self) -> String {
        let mut text = format!("error[{}]: {}", self.tag, self.message);
        for line in &self.details {
            text.push_str("\n  ");
            text.push_str(line);
        }
        if let Some(help) = tags::help(self.tag) {
            text.push_str("\n  -> ");
            text.push_str(help);
        }
        text
    }

    /// The wire view.
    pub(crate) fn json(&self) -> Value {
        json!({
            "_tag": self.tag,
            "message": self.message,
            "details": self.details,
            "help": tags::help(self.tag),
        })
    }

    /// See the exit codes in `--help`.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(exit_code(self.tag))
    }
}

/// The exit code of a tag; what is not listed is a plugin's own failure.
fn exit_code(tag: &str) -> u8 {
    match tag {
        "OperationDenied" | "PluginNotActive" | "PermissionMissing" | "RateLimited"
        | "QuotaExhausted" | "BulkheadFull" | "CommandRefused" | "HasDependents"
        | "AlreadyInstalled" | "AlreadyExists" | "IsolationTooWeak" | "NoVault"
        | "GroupArchived" | "PlaceArchived" | "ReadOnlyScope" | "InvalidSettings"
        | "BudgetExhausted" | "PlanOutdated" | "RuntimeNotRunning" => 3,
        "NotInCatalog" | "NotInstalled" | "InstanceNotFound" | "PluginNotFound"
        | "ComponentNotFound" | "NoSuchComponent" | "NoAccess" | "NotFound" | "SourceNotFound"
        | "PlaceNotFound" | "NpmPackageNotFound" | "NpmVersionNotFound" | "SecretNotFound" => 4,
        "ResolutionConflict"
        | "ResolutionBudgetSpent"
        | "DependencyConflict"
        | "VersionIncompatible"
        | "PluginNotInstallable"
        | "InvalidPluginStructure" => 5,
        "StoreCorrupt"
        | "StoreIncompatible"
        | "AuditAltered"
        | "AuditMissing"
        | "AuditUnlinked"
        | "AuditForeign"
        | "AuditTruncated"
        | "IntegrityMismatch"
        | "NpmIntegrityMismatch"
        | "InstanceUnreadable" => 7,
        "InputUnreadable" | "InvalidText" | "InvalidRow" | "AmbiguousName" | "UsageError" => 2,
        "PluginStartFailed" | "DemoFailed" => 1,
        other if tags::of_crate("plugin-resolver", other) => 2,
        _ => 6,
    }
}

macro_rules! tagged {
    ($($error:ty),*) => {$(
        impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::new(error.tag(), error.to_string())
            }
        }
    )*};
}

tagged!(
    StoreError,
    ScopeError,
    RegistryError,
    CatalogError,
    ResolverError,
    NpmError,
    NodeError
);

impl From<ManagerError> for Failure {
    fn from(error: ManagerError) -> Self {
        let failure = Self::new(error.tag(), error.to_string());
        match error {
            ManagerError::Resolution(resolution) => failure.with(explanation(&resolution)),
            _ => failure,
        }
    }
}

impl From<ResolutionFailure> for Failure {
    fn from(error: ResolutionFailure) -> Self {
        Self::new(error.tag(), error.to_string()).with(explanation(&error))
    }
}

/// The lines of an explanation below its headline, which is the message.
fn explanation(failure: &ResolutionFailure) -> Vec<String> {
    match failure {
        ResolutionFailure::Conflict(explanation) => {
            explanation.lines().into_iter().skip(1).collect()
        }
        _ => Vec::new(),
    }
}

impl From<InvalidValue> for Failure {
    fn from(error: InvalidValue) -> Self {
        Self::new("InvalidText", error.to_string())
    }
}
