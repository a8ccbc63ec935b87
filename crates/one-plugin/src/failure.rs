//! Why a command does not do as asked, and what to do about it.

use std::process::ExitCode;

use one_ontology::audit::trail::TrailError;
use one_ontology::{AuditError, InvalidValue, ScopeError, StoreError};
use plugin_executor_node::NodeError;
use plugin_lifecycle::ManagerError;
use plugin_registry::{CatalogError, RegistryError};
use plugin_resolver::{
    Alternative, Change, Detail, Drift, Explanation, Failure as ResolutionFailure, Problem,
    Requirement, ResolverError,
};
use plugin_runtime_api::VaultError;
use plugin_source_npm::NpmError;
use serde_json::{Value, json};

use crate::interrupt::INTERRUPTED;
use crate::paint::{Paint, harmless};
use crate::tags;

/// An error as people and machines are told it.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    tag: &'static str,
    message: String,
    /// Why versions cannot be chosen.
    why: Option<Box<Explanation>>,
    /// In what a lock does not hold.
    drift: Option<Box<Drift>>,
    /// Of which thing among several this is said.
    label: Option<String>,
    details: Vec<String>,
}

/// Why a cooldown refuses all there is.
pub(crate) const WITHOUT_DATES: &str = "the cooldown cannot be kept where nobody says when a release was published; this program's own facts have no dates";

/// The tags of this program's own errors.
pub(crate) const TAGS: &[(&str, &str)] = &[
    (
        "NotInCatalog",
        "run `one-plugin sync`, then `one-plugin search`",
    ),
    ("AmbiguousName", "write the full name, or the id"),
    (
        "RecoveryIncomplete",
        "read the reasons with --json; then recover again",
    ),
    (
        "NoticesIncomplete",
        "read the reasons with --json; then run `one-plugin notices --apply` again",
    ),
    (
        "BatchIncomplete",
        "read what became of each, correct what failed, then give the command again",
    ),
    (
        "DispatchIncomplete",
        "read the reasons with --json; then dispatch again",
    ),
    (
        "NotInLock",
        "`one-plugin tree` shows what is needed; write the full name of the package",
    ),
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
        "LockFileUnusable",
        "name a file that can be read and written; `one-plugin lock` makes one",
    ),
    ("NotInQuestion", "correct the name, or leave the option out"),
    (
        "CooldownWithoutDates",
        "ask the registry, which has the dates (without --offline), or let packages be of any age with --cooldown-except",
    ),
    (
        "GroupsShareAPlugin",
        "install them in organisations of their own (--org): each has one version of a plugin",
    ),
    (
        "NodeMissing",
        "install Node 20 or later, or name it with --node; native plugins run without it",
    ),
    (
        "StoreNotFound",
        "name the store with --store or --home; whatever writes to it makes it, and `one-plugin store migrate` does only that",
    ),
    (
        "StoreOutdated",
        "run `one-plugin store migrate`, which brings it to the newest format",
    ),
    (
        "ServerToolNeeded",
        "run the command named; it belongs to PostgreSQL",
    ),
    (
        "FileUnusable",
        "name a file that can be read, or one that can be written and is not there yet",
    ),
    (
        "KeyFileUnusable",
        "name the file that holds your key; `one-plugin store new-key` makes one that signs, `one-plugin secrets new-key` one for a vault",
    ),
    (
        "KeyFileExposed",
        "`chmod 600` the file; if others may have read it, make a new key and `secrets rewrap`",
    ),
    (
        "SecretOnCommandLine",
        "give it to `one-plugin secrets set` on standard input",
    ),
    (
        "OutputUnwritten",
        "make room; `one-plugin status` and `list` say what was done",
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
            why: None,
            drift: None,
            label: None,
            details: Vec::new(),
        }
    }

    /// Further lines, below the message.
    pub(crate) fn with(mut self, details: impl IntoIterator<Item = String>) -> Self {
        self.details.extend(details);
        self
    }

    /// With these lines in the place of those that there were.
    pub(crate) fn instead(mut self, details: impl IntoIterator<Item = String>) -> Self {
        self.details = details.into_iter().collect();
        self
    }

    /// Of one thing among several.
    pub(crate) fn within(mut self, label: &str) -> Self {
        self.message = format!("{label}: {}", self.message);
        self.label = Some(label.to_owned());
        self
    }

    fn conflict(mut self, why: Box<Explanation>) -> Self {
        if is_undated(&why) {
            self.tag = "CooldownWithoutDates";
            self.details.push(WITHOUT_DATES.to_owned());
        }
        let changes = |one: &Alternative| one.changes.clone();
        if why
            .alternatives()
            .iter()
            .flat_map(changes)
            .any(|change| matches!(change, Change::Exempt { .. }))
        {
            self.details
                .push("-> `--cooldown-except NAME` exempts a package from the cooldown".to_owned());
        }
        self.why = Some(why);
        self
    }

    pub(crate) const fn tag(&self) -> &'static str {
        self.tag
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// Whether requests are in each other's way that could be met apart.
    pub(crate) fn is_between_several(&self) -> bool {
        self.why
            .as_ref()
            .is_some_and(|why| why.requests().len() > 1)
    }

    /// Why versions cannot be chosen, where that is what failed.
    pub(crate) fn why(&self) -> Option<&Explanation> {
        self.why.as_deref()
    }

    /// The readable paragraph, as a terminal may have it.
    pub(crate) fn paragraph(&self, detail: Detail, paint: Paint) -> String {
        let mut lines: Vec<String> = match &self.why {
            Some(why) => why
                .report(detail)
                .iter()
                .map(|line| paint.line(line))
                .collect(),
            None => self.told(detail),
        };
        lines.extend(self.details.iter().map(|line| harmless(line)));
        let is_told = self
            .why
            .as_ref()
            .is_some_and(|why| !why.alternatives().is_empty());
        if let Some(help) = tags::help(self.tag).filter(|_| !is_told) {
            lines.push(format!("-> {help}"));
        }
        let mark = paint.error(&format!("error[{}]:", self.tag));
        format!("{mark} {}", lines.join("\n  "))
    }

    /// The message, or of several things in which a lock does not hold each on a line of its own.
    fn told(&self, detail: Detail) -> Vec<String> {
        let Some(drift) = self.drift.as_ref().filter(|drift| drift.all().len() > 1) else {
            return vec![harmless(&self.message)];
        };
        let of = self.label.iter().map(|label| format!("{label}: "));
        let mut lines: Vec<String> = of.chain(["the lock does not hold:".to_owned()]).collect();
        lines = vec![harmless(&lines.concat())];
        lines.extend(drift.lines(detail).iter().map(|line| harmless(line)));
        if detail == Detail::Brief
            && drift.all().len() > Drift::MAX_LINES
            && let Some(more) = lines.last_mut()
        {
            more.push_str(": --verbose or --json shows all");
        }
        lines
    }

    /// The wire view.
    pub(crate) fn json(&self) -> Value {
        let mut details: Vec<String> = Vec::new();
        if let Some(why) = &self.why {
            // The first line is the message.
            details.extend(why.lines().into_iter().skip(1));
        }
        if let Some(drift) = self.drift.as_ref().filter(|drift| drift.all().len() > 1) {
            details.extend(drift.lines(Detail::Brief));
        }
        details.extend(self.details.iter().cloned());
        let mut wire = json!({
            "_tag": self.tag,
            "message": self.message,
            "details": details,
            "help": tags::help(self.tag),
        });
        if let (Some(drift), Some(wire)) = (&self.drift, wire.as_object_mut()) {
            wire.insert("drift".to_owned(), json!(drift));
        }
        if let (Some(why), Some(wire)) = (&self.why, wire.as_object_mut()) {
            wire.insert("alternatives".to_owned(), json!(why.alternatives()));
            wire.insert("explanation".to_owned(), json!(why));
        }
        wire
    }

    /// See the exit codes in `--help`.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(exit_code(self.tag))
    }
}

/// Whether a cooldown passes over releases since nobody says when they were published.
pub(crate) fn is_undated(why: &Explanation) -> bool {
    let is_undated = |requirement: &Requirement| {
        matches!(
            requirement.problem,
            Some(Problem::TooYoung {
                published: None,
                ..
            })
        )
    };
    why.requirements().iter().any(is_undated)
}

/// The exit code of a tag; what is not listed is a plugin's own failure.
fn exit_code(tag: &str) -> u8 {
    match tag {
        "OperationDenied"
        | "PluginPinned"
        | "ReleaseRevoked"
        | "BeingChanged"
        | "UpdateNotApproved"
        | "PluginNotActive"
        | "PermissionMissing"
        | "RateLimited"
        | "QuotaExhausted"
        | "BulkheadFull"
        | "CommandRefused"
        | "HasDependents"
        | "AlreadyInstalled"
        | "LeftBehind"
        | "AlreadyExists"
        | "IsolationTooWeak"
        | "NoVault"
        | "VaultKeyMissing"
        | "SecretsLeft"
        | "GroupArchived"
        | "PlaceArchived"
        | "ReadOnlyScope"
        | "InvalidSettings"
        | "BudgetExhausted"
        | "PlanOutdated"
        | "InvalidSubscription"
        | "BreakerOpen"
        | "ClosedToAgents"
        | "AgentSettingsTooLarge"
        | "DeadlineTooLong"
        | "InputNotKept"
        | "QueueFull"
        | "WaitedTooLong"
        | "SecretsDestroyed"
        | "SecretsInCharacter"
        | "SecretsForAgent"
        | "AgentNotGranted"
        | "AlreadyGranted"
        | "NotGrantable"
        | "RuntimeNotRunning" => 3,
        "NotInCatalog"
        | "NoSnapshot"
        | "RevocationNotFound"
        | "NotInLock"
        | "NotInstalled"
        | "InstanceNotFound"
        | "PluginNotFound"
        | "ComponentNotFound"
        | "NoSuchComponent"
        | "NoAccess"
        | "NotFound"
        | "SourceNotFound"
        | "PlaceNotFound"
        | "StoreNotFound"
        | "AuditOutOfReach"
        | "NpmPackageNotFound"
        | "NpmVersionNotFound"
        | "SecretNotFound"
        | "NoSuchSecret"
        | "SubscriptionNotFound"
        | "AgentNotFound"
        | "ExecutionNotFound"
        | "DeadLetterNotFound" => 4,
        "ResolutionConflict"
        | "ResolutionBudgetSpent"
        | "LockDrifted"
        | "CooldownWithoutDates"
        | "GroupsShareAPlugin"
        | "StoreOutdated"
        | "DependencyConflict"
        | "VersionIncompatible"
        | "PluginNotInstallable"
        | "UpdateNeedsOthers"
        | "InvalidPluginStructure" => 5,
        "StoreCorrupt"
        | "StoreIncompatible"
        | "AuditAltered"
        | "AuditMissing"
        | "AuditUnlinked"
        | "AuditForeign"
        | "AuditTruncated"
        | "AuditDiverged"
        | "AuditBadSignature"
        | "AuditUntrustedKey"
        | "AuditNotIncluded"
        | "AuditNotExtended"
        | "AuditUnreadable"
        | "IntegrityMismatch"
        | "NpmIntegrityMismatch"
        | "InstanceUnreadable" => 7,
        "InputUnreadable"
        | "LockFileUnusable"
        | "InvalidText"
        | "InvalidRow"
        | "InvalidAgent"
        | "AmbiguousName"
        | "UsageError"
        | "NotInQuestion"
        | "ServerToolNeeded"
        | "FileUnusable"
        | "KeyFileUnusable"
        | "KeyFileExposed"
        | "SecretOnCommandLine" => 2,
        "ResolutionCancelled" => INTERRUPTED,
        "PluginStartFailed" | "UpdateRolledBack" | "RollbackFailed" | "BatchIncomplete"
        | "DemoFailed" => 1,
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
    VaultError,
    AuditError,
    TrailError,
    ScopeError,
    RegistryError,
    CatalogError,
    ResolverError,
    NpmError,
    NodeError
);

impl From<ManagerError> for Failure {
    fn from(error: ManagerError) -> Self {
        match error {
            ManagerError::Resolution(resolution) => resolution.into(),
            error => Self::new(error.tag(), error.to_string()),
        }
    }
}

impl From<ResolutionFailure> for Failure {
    fn from(error: ResolutionFailure) -> Self {
        let mut failure = Self::new(error.tag(), error.to_string());
        match error {
            ResolutionFailure::Conflict(why) => return failure.conflict(why),
            ResolutionFailure::Budget { .. } => {
                return failure.with(["`--steps` allows more".to_owned()]);
            }
            ResolutionFailure::Cancelled => {
                failure.message =
                    "interrupted before there was an answer; nothing was changed".to_owned();
            }
            ResolutionFailure::Drift(drift) => failure.drift = Some(drift),
            _ => {}
        }
        failure
    }
}

impl From<InvalidValue> for Failure {
    fn from(error: InvalidValue) -> Self {
        Self::new("InvalidText", error.to_string())
    }
}
