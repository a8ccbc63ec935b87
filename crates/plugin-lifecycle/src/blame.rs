//! Whose doing the end of an execution is taken to be.

use crate::{Breaker, ExecutionLease, Policy, RunOutcome};

/// Whether the end of an execution counts for or against its plugin: in its breaker, and among the errors that
/// suspend it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// It does.
    Plugin,
    /// It does not. Whoever called gave it less than a quarter of the policy's time; or it was told of an event:
    /// events are tried again and become dead letters by a count of their own, one bad event must not close a plugin
    /// for everybody who calls it, and one that went well says nothing of its actions.
    Nobody,
}

impl Blame {
    /// Whom an outcome is put down to, of an execution under this lease and of a plugin with this breaker.
    ///
    /// That a runtime crashed always counts. So does each call that is let through to try whether a plugin works
    /// again: calls in a hurry would be let through for ever.
    #[must_use]
    pub fn of(
        outcome: RunOutcome,
        lease: &ExecutionLease,
        breaker: &Breaker,
        policy: &Policy,
    ) -> Self {
        let least = policy.limits.timeout_ms / 4;
        let hurried = lease.timeout_ms.is_some_and(|ms| ms < least);
        let is_told = lease.cause.is_some() && outcome != RunOutcome::Crashed;
        let is_trial = breaker.until().is_some();
        if is_told || hurried && outcome == RunOutcome::TimedOut && !is_trial {
            Self::Nobody
        } else {
            Self::Plugin
        }
    }
}
