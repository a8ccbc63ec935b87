//! What holds of an instance, question by question.

use std::collections::BTreeSet;

use one_ontology::Timestamp;
use plugin_registry::Sensitivity;

use super::judged::Judged;
use super::{Beside, Condition, ConditionKind, ConditionReason as Why, Desired, desired};
use crate::{
    After, BreakerState, CommandKind, HeldBack, Interrupted, PluginInstance, Policy, Ran, State,
};

/// What is looked at.
pub(super) struct View<'a> {
    pub(super) row: &'a PluginInstance,
    pub(super) beside: &'a Beside,
    pub(super) policy: &'a Policy,
    pub(super) now: Timestamp,
}

impl View<'_> {
    /// Every condition, in the order of [`ConditionKind::ALL`].
    pub(super) fn conditions(&self) -> Vec<Condition> {
        let judge = |kind: &ConditionKind| {
            let judged = match kind {
                ConditionKind::Reconciled => self.reconciled().since(self.row.since),
                ConditionKind::Installed => self.installed(),
                ConditionKind::Running => self.running().since(self.row.since),
                ConditionKind::Healthy => self.healthy(),
                ConditionKind::Admitting => self.admitting(),
                ConditionKind::Configured => self.configured(),
                ConditionKind::UpToDate => self.up_to_date(),
            };
            judged.named(*kind)
        };
        ConditionKind::ALL.iter().map(judge).collect()
    }

    fn reconciled(&self) -> Judged {
        let (row, wants) = (self.row, desired(self.row));
        if wants.is_met_by(row.lifecycle) {
            return Judged::yes(Why::AsWanted, format!("it is {wants}, as is wanted"));
        }
        if let Some(silent) = self.silent_operation() {
            return silent;
        }
        let wanted = format!("it is wanted {wants}");
        let missed = format!("{wanted}, and is not");
        match (row.lifecycle, &row.operation) {
            (state, Some(operation)) if state.kind().is_transient() => {
                let until = operation.lease_until;
                let by = operation.command;
                let message =
                    format!("{wanted}, and `{by}` is under way; its host has until {until}");
                Judged::no(Why::InProgress, message)
            }
            (State::Suspended, _) => Judged::no(Why::TooManyErrors, self.because(&missed)),
            (State::Error, _) => Judged::no(Why::RuntimeFailed, self.because(&missed)),
            (State::Failed { operation }, _) => {
                Judged::no(of_failure(operation), self.because(&missed))
            }
            _ if wants == Desired::Absent => Judged::no(Why::Present, wanted),
            _ => Judged::no(Why::NotStarted, wanted),
        }
    }

    fn installed(&self) -> Judged {
        let row = self.row;
        let judged = match row.lifecycle {
            State::Discovered => Judged::no(Why::NotInstalled, "it is in the catalog and not here"),
            State::Installing => Judged::no(Why::Fetching, "its packages are being fetched"),
            State::Failed {
                operation: Interrupted::Install,
            } => Judged::no(Why::InstallFailed, self.because("its installation failed")),
            State::Failed {
                operation: Interrupted::Uninstall,
            } => {
                let message = self.because("its removal failed, and part of it may be gone");
                Judged::unknown(Why::RemovalFailed, message)
            }
            State::Uninstalling => Judged::unknown(Why::Removing, "it is being removed"),
            State::Uninstalled => Judged::no(Why::NotInstalled, "it was removed"),
            State::Installed
            | State::Activating
            | State::Active
            | State::Executing { .. }
            | State::Deactivating { .. }
            | State::Suspended
            | State::Error
            | State::Updating { .. }
            | State::RollingBack { .. } => {
                let message = format!("{} is here", row.version);
                return Judged::yes(Why::Present, message).since(row.installed_at);
            }
        };
        judged.since(row.since)
    }

    fn running(&self) -> Judged {
        match self.row.lifecycle {
            State::Active | State::Executing { .. } => Judged::yes(Why::Started, "it is started"),
            State::Activating => Judged::no(Why::Starting, "its runtime is being started"),
            State::Deactivating { in_flight: 0, .. } => {
                Judged::unknown(Why::Stopping, "its runtime is being stopped")
            }
            State::Deactivating { in_flight, .. } => {
                let message =
                    format!("its runtime is stopped once {in_flight} under way have ended");
                Judged::unknown(Why::Stopping, message)
            }
            State::Updating { ran: Ran::Active } | State::RollingBack { ran: Ran::Active } => {
                let message = "its runtime is exchanged for one of another version";
                Judged::unknown(Why::VersionChanging, message)
            }
            State::Suspended if self.had_too_many_errors() => Judged::no(
                Why::TooManyErrors,
                self.because("it was suspended for its errors"),
            ),
            State::Suspended => Judged::no(Why::Suspended, self.because("it is suspended")),
            State::Error => Judged::no(Why::RuntimeFailed, self.because("its runtime failed")),
            State::Installed | State::Updating { .. } | State::RollingBack { .. } => {
                Judged::no(Why::NotStarted, "it is not started")
            }
            State::Discovered
            | State::Installing
            | State::Failed { .. }
            | State::Uninstalling
            | State::Uninstalled => Judged::no(Why::NotInstalled, "it is not here to run"),
        }
    }

    fn healthy(&self) -> Judged {
        let row = self.row;
        if let Some(silent) = self.silent_operation().or_else(|| self.silent_execution()) {
            return silent;
        }
        let judged = match row.lifecycle {
            State::Error => Judged::no(Why::RuntimeFailed, self.because("its runtime failed")),
            State::Failed { operation } => Judged::no(
                of_failure(operation),
                self.because("what was asked for failed"),
            ),
            State::Suspended
            | State::Deactivating {
                then: After::Suspended,
                ..
            } if self.had_too_many_errors() => {
                Judged::no(Why::TooManyErrors, self.because("it had too many errors"))
            }
            State::RollingBack { .. } if self.command() == Some(CommandKind::Update) => {
                let message = self.because("the version that was asked for did not come to run");
                Judged::no(Why::UpdateFailed, message)
            }
            State::Active | State::Executing { .. } => return self.healthy_while_running(),
            State::Discovered
            | State::Installing
            | State::Installed
            | State::Activating
            | State::Deactivating { .. }
            | State::Suspended
            | State::Updating { .. }
            | State::RollingBack { .. }
            | State::Uninstalling
            | State::Uninstalled => {
                Judged::unknown(Why::NotRunning, "nothing of it runs that could fail")
            }
        };
        judged.since(row.since)
    }

    fn healthy_while_running(&self) -> Judged {
        let (row, breaker) = (self.row, self.breaker());
        match (breaker.state, breaker.retry_at) {
            (BreakerState::Open, Some(until)) => {
                let message = format!("it failed too often in a row; it is tried again at {until}");
                let opened = until.minus(self.policy.breaker.pause);
                Judged::no(Why::BreakerOpen, message).since(Some(opened))
            }
            (BreakerState::HalfOpen, since) => {
                let message = "it failed too often in a row, and a few executions are tried";
                Judged::no(Why::BreakerHalfOpen, message).since(since)
            }
            _ if row.errors.in_a_row > 0 => {
                let message = "its last executions failed, and there were not too many of them yet";
                Judged::yes(Why::ErrorsOfLate, message).since(row.since)
            }
            _ => Judged::yes(Why::NoErrors, "no error since its last success").since(row.since),
        }
    }

    fn admitting(&self) -> Judged {
        let row = self.row;
        let changing = matches!(
            row.lifecycle,
            State::Updating { .. } | State::RollingBack { .. }
        );
        let operation = row.operation.as_ref().filter(|_| changing);
        let operation = operation.map(|it| (it.command, it.lease_until));
        let held = row.held_back(self.now).filter(|_| self.is_running());
        let closed = operation.or(held.map(|hold| (hold.command, hold.until)));
        if let Some((command, until)) = closed {
            let (why, what) = match command {
                CommandKind::Configure => (Why::SettingsChanging, "settings are"),
                _ => (Why::VersionChanging, "version is"),
            };
            let message = format!("its {what} being changed, until {until} at the latest");
            return Judged::no(why, message).since(row.since);
        }
        if !self.is_running() {
            let message = format!("it is {}, not active", row.lifecycle.kind());
            return Judged::no(Why::NotRunning, message).since(row.since);
        }
        let under_way = row.executions.values();
        match row
            .breaker
            .admits(&self.policy.breaker, under_way, self.now)
        {
            Err(HeldBack { retry_at }) => {
                let message = format!("it failed too often in a row; try again at {retry_at}");
                Judged::no(Why::BreakerOpen, message)
            }
            Ok(()) => Judged::yes(Why::Open, "executions are let in as far as budgets go")
                .since(row.since),
        }
    }

    fn configured(&self) -> Judged {
        let row = self.row;
        if matches!(row.lifecycle, State::Discovered | State::Uninstalled) {
            return Judged::unknown(Why::NotInstalled, "it is not here to be configured");
        }
        let givings = row.secrets_under_way.iter();
        let (alive, silent): (Vec<_>, Vec<_>) =
            givings.partition(|(_, giving)| giving.until > self.now);
        let silent = silent.into_iter().flat_map(|(_, giving)| &giving.names);
        let unsure = row.secrets_unsure.iter().chain(silent);
        let unsure: BTreeSet<&str> = unsure.map(String::as_str).collect();
        if !unsure.is_empty() {
            let names: Vec<&str> = unsure.into_iter().collect();
            let names = names.join(", ");
            let message = format!("nobody knows whether the vault took {names}: set it again");
            return Judged::unknown(Why::SecretUnsure, message);
        }
        let alive = alive.into_iter().flat_map(|(_, giving)| &giving.names);
        let alive: BTreeSet<&str> = alive.map(String::as_str).collect();
        if !alive.is_empty() {
            let names: Vec<&str> = alive.into_iter().collect();
            let message = format!("{} is being given to the vault", names.join(", "));
            return Judged::unknown(Why::SecretUnderWay, message);
        }
        self.values_given()
    }

    /// Whether what its author marks as required has a value. Real plugins mark what they run
    /// without, so that is no certain no.
    fn values_given(&self) -> Judged {
        let row = self.row;
        let marked = row.parameters.iter();
        let marked = marked.filter(|it| it.required_hint && it.default.is_none());
        let (mut missing, mut unasked) = (Vec::new(), Vec::new());
        for parameter in marked {
            let covers = |name: &String| parameter.covers(name);
            let name = parameter.name.as_str();
            match (parameter.sensitivity, &self.beside.secrets) {
                (Sensitivity::Plain, _) if row.settings.keys().any(covers) => {}
                (Sensitivity::Secret, Some(kept)) if kept.iter().any(covers) => {}
                (Sensitivity::Secret, None) => unasked.push(name),
                _ => missing.push(name),
            }
        }
        if !missing.is_empty() {
            let names = missing.join(", ");
            let message = format!("{names}: marked as required, and without a value");
            return Judged::unknown(Why::ValueMissing, message);
        }
        if !unasked.is_empty() {
            let names = unasked.join(", ");
            return Judged::unknown(
                Why::VaultNotAsked,
                format!("{names}: nobody asked the vault"),
            );
        }
        Judged::yes(
            Why::Complete,
            "everything that is marked as required has a value",
        )
    }

    fn up_to_date(&self) -> Judged {
        let row = self.row;
        match row.lifecycle {
            State::Discovered
            | State::Installing
            | State::Failed { .. }
            | State::Uninstalling
            | State::Uninstalled => {
                return Judged::unknown(Why::NotInstalled, "it is not here to be updated");
            }
            State::Updating { .. } | State::RollingBack { .. } => {
                let message = "its version is being changed";
                return Judged::unknown(Why::VersionChanging, message).since(row.since);
            }
            _ => {}
        }
        let Some(offer) = &self.beside.offer else {
            return Judged::unknown(Why::NotInCatalog, "the catalog does not have its versions");
        };
        match offer.update_of(&row.version) {
            Some(to) if self.last_update_failed() => {
                let message = self.because(&format!(
                    "{to} is there; the last update did not come to run"
                ));
                Judged::no(Why::UpdateFailed, message)
            }
            Some(to) => Judged::no(Why::UpdateAvailable, format!("{to} is there")),
            None if offer.is_above(&row.version) => {
                let pin = row
                    .pin
                    .as_ref()
                    .map(|pin| format!(", and it is pinned to {pin}"));
                let message = format!("{} is there{}", offer.latest, pin.unwrap_or_default());
                Judged::no(Why::Held, message)
            }
            None => Judged::yes(Why::Newest, "the catalog has no newer version for it"),
        }
    }

    fn is_running(&self) -> bool {
        matches!(self.row.lifecycle, State::Active | State::Executing { .. })
    }

    fn last_update_failed(&self) -> bool {
        self.is_running()
            && self.command() == Some(CommandKind::Update)
            && self.row.reason.is_some()
    }

    fn had_too_many_errors(&self) -> bool {
        self.command() == Some(CommandKind::EndExecution)
    }

    fn command(&self) -> Option<CommandKind> {
        self.row.moved.as_ref().map(|moved| moved.command)
    }

    fn breaker(&self) -> super::BreakerStatus {
        super::BreakerStatus::of(&self.row.breaker, self.now)
    }

    /// What is said where nobody drives an operation that is under way.
    fn silent_operation(&self) -> Option<Judged> {
        let row = self.row;
        if !row.lifecycle.kind().is_transient() {
            return None;
        }
        let since = match &row.operation {
            Some(operation) if operation.lease_until > self.now => return None,
            Some(operation) => Some(operation.lease_until),
            None => row.since,
        };
        let message = "whoever was at work on it is silent, and `recover` goes on with it";
        Some(Judged::no(Why::HostSilent, message).since(since))
    }

    fn silent_execution(&self) -> Option<Judged> {
        let leases = self.row.executions.values().map(|lease| lease.lease_until);
        let since = leases.filter(|until| *until <= self.now).min()?;
        let message = "an execution should have ended, and `recover` ends it";
        Some(Judged::no(Why::HostSilent, message).since(Some(since)))
    }

    /// With the recorded reason, where there is one.
    fn because(&self, what: &str) -> String {
        match &self.row.reason {
            Some(reason) => format!("{what}: {reason}"),
            None => what.to_owned(),
        }
    }
}

const fn of_failure(operation: Interrupted) -> Why {
    match operation {
        Interrupted::Install => Why::InstallFailed,
        Interrupted::Uninstall => Why::RemovalFailed,
    }
}
