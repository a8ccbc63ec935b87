//! What is to be done about an instance whose drivers may have gone silent.

use one_ontology::Timestamp;
use plugin_runtime_api::ExecutionId;

use crate::{GivingId, PluginInstance, Policy, StateKind};

/// One thing to be done about an instance, or to be waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recovery {
    /// An execution has not ended within its lease: look up how it ended, and say so.
    Settle {
        /// Which.
        execution: ExecutionId,
    },
    /// The driver of the operation has been silent for longer than it may: take it over and go on.
    Resume,
    /// The operation has been begun as often as it may, and each time its driver went silent: write
    /// that it has failed.
    GiveUp,
    /// Whoever gave secrets to the vault has gone silent: write that nobody knows whether it took
    /// them.
    DoubtSecrets {
        /// Which giving.
        giving: GivingId,
    },
    /// It is in ERROR, and nothing of it may run.
    Halt,
    /// It is at rest or at work, and runtimes of agents are left that nothing is to run in any more.
    EndRuntimes,
    /// Somebody may still be at work: look again then.
    Wait {
        /// When the last lease ends.
        until: Timestamp,
    },
}

/// What is to be done about an instance at `now`, in order. Empty for one that needs nothing.
///
/// ```
/// # use plugin_lifecycle::{PluginInstance, Policy, Recovery, recovery};
/// # use one_ontology::Timestamp;
/// fn looks_finished(instance: &PluginInstance, now: Timestamp) -> bool {
///     recovery(instance, &Policy::default(), now).is_empty()
/// }
/// ```
#[must_use]
pub fn recovery(instance: &PluginInstance, policy: &Policy, now: Timestamp) -> Vec<Recovery> {
    let mut steps: Vec<Recovery> = Vec::new();
    let mut wait: Option<Timestamp> = None;
    for (execution, lease) in &instance.executions {
        if lease.lease_until <= now {
            steps.push(Recovery::Settle {
                execution: *execution,
            });
        } else {
            wait = wait.max(Some(lease.lease_until));
        }
    }
    let silent = instance.secrets_under_way.iter();
    let silent = silent.filter(|(_, giving)| giving.until <= now);
    steps.extend(silent.map(|(giving, _)| Recovery::DoubtSecrets { giving: *giving }));
    // Its executions end by their own leases: it cannot be stopped before.
    let draining = wait.is_some();
    wait = wait.max(instance.secrets_under_way.alive_until(now));
    if instance.lifecycle.kind().is_transient() {
        match &instance.operation {
            Some(operation) if operation.lease_until > now => {
                wait = wait.max(Some(operation.lease_until));
            }
            _ if draining => {}
            Some(operation) if operation.attempt >= policy.operation_attempts => {
                steps.push(Recovery::GiveUp);
            }
            Some(_) | None => steps.push(Recovery::Resume),
        }
    }
    match instance.lifecycle.kind() {
        StateKind::Error => steps.push(Recovery::Halt),
        StateKind::Active | StateKind::Executing | StateKind::Installed | StateKind::Suspended
            if !instance.idle_strays().is_empty() =>
        {
            steps.push(Recovery::EndRuntimes);
        }
        // Whoever brings it to rest stops them.
        _ => {}
    }
    steps.extend(wait.map(|until| Recovery::Wait { until }));
    steps
}
