//! Conditions: one question each, with its answer and why.

use one_ontology::{Timestamp, vocabulary};
use serde::{Deserialize, Serialize};

/// One question about an instance, and its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    /// The question.
    #[serde(rename = "type")]
    pub kind: ConditionKind,
    /// The answer.
    pub status: ConditionStatus,
    /// Since when, as far as the row says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Why, for programs.
    pub reason: ConditionReason,
    /// Why, for people.
    pub message: String,
}

vocabulary! {
    /// What is asked of an instance.
    closed ConditionKind ("a condition") {
        /// Whether it is as the last command wants it.
        Reconciled = "Reconciled",
        /// Whether it is here.
        Installed = "Installed",
        /// Whether it is started, as its row says; a probe asks its executor.
        Running = "Running",
        /// Whether it works.
        Healthy = "Healthy",
        /// Whether its executions are let in, as far as its row says; budgets are asked when one begins.
        Admitting = "Admitting",
        /// Whether it has the values that it asks for.
        Configured = "Configured",
        /// Whether there is no newer version that it may become, as far as the catalog knows.
        UpToDate = "UpToDate",
    }
}

vocabulary! {
    /// The answer to a condition.
    closed ConditionStatus ("`True`, `False` or `Unknown`") {
        /// Yes.
        True = "True",
        /// No.
        False = "False",
        /// Nobody can tell now.
        Unknown = "Unknown",
    }
}

vocabulary! {
    /// Why a condition is as it is.
    closed ConditionReason ("a reason of a condition") {
        /// It is as the last command wants it.
        AsWanted = "AsWanted",
        /// An operation is under way, and its driver may live.
        InProgress = "InProgress",
        /// Whoever drives it has been silent for longer than it may.
        HostSilent = "HostSilent",
        /// It is here.
        Present = "Present",
        /// It is not here.
        NotInstalled = "NotInstalled",
        /// Its packages are being fetched.
        Fetching = "Fetching",
        /// Its installation failed.
        InstallFailed = "InstallFailed",
        /// It is being removed.
        Removing = "Removing",
        /// Its removal failed.
        RemovalFailed = "RemovalFailed",
        /// It is started.
        Started = "Started",
        /// It is being started.
        Starting = "Starting",
        /// It is being stopped.
        Stopping = "Stopping",
        /// Nobody has started it.
        NotStarted = "NotStarted",
        /// Somebody suspended it.
        Suspended = "Suspended",
        /// Its runtime failed.
        RuntimeFailed = "RuntimeFailed",
        /// It had too many errors and was suspended for them.
        TooManyErrors = "TooManyErrors",
        /// It had no error since the last success.
        NoErrors = "NoErrors",
        /// Its last executions failed, and there were not too many of them yet.
        ErrorsOfLate = "ErrorsOfLate",
        /// It failed too often in a row and is held back.
        BreakerOpen = "BreakerOpen",
        /// It was held back, and a few executions are tried.
        BreakerHalfOpen = "BreakerHalfOpen",
        /// Nothing of it runs that could be well or not.
        NotRunning = "NotRunning",
        /// Executions are let in.
        Open = "Open",
        /// Its version is being changed, or is about to be.
        VersionChanging = "VersionChanging",
        /// Its settings are about to be changed, or it is about to be started anew for them.
        SettingsChanging = "SettingsChanging",
        /// Everything that is marked as required has a value.
        Complete = "Complete",
        /// Something that is marked as required has no value.
        ValueMissing = "ValueMissing",
        /// Nobody has asked the vault what it has.
        VaultNotAsked = "VaultNotAsked",
        /// A secret is being given to the vault.
        SecretUnderWay = "SecretUnderWay",
        /// Nobody knows whether the vault took a secret.
        SecretUnsure = "SecretUnsure",
        /// The catalog has no newer version that it may become.
        Newest = "Newest",
        /// The catalog has a newer version.
        UpdateAvailable = "UpdateAvailable",
        /// The catalog has a newer version, and it is held at its own.
        Held = "Held",
        /// Its last update did not come to run.
        UpdateFailed = "UpdateFailed",
        /// The catalog does not have it.
        NotInCatalog = "NotInCatalog",
    }
}
