//! What is to be done about one event and one subscription.

use std::time::Duration;

use one_ontology::{Event, IdempotencyKey, Timestamp};
use plugin_runtime_api::{Ending, ExecutionId};

use crate::{EventCause, PendingDelivery, PluginSubscription, Policy, Subscription};

/// What is to be done about an event for a subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NextDelivery {
    /// Nothing: the cursor passes it.
    Pass(Passed),
    /// Run the handler.
    Deliver {
        /// Names it to the executor.
        key: IdempotencyKey,
        /// The execution of a host that has gone silent over it.
        lost: Option<ExecutionId>,
    },
    /// Somebody is at it, or it is to be tried again later; what comes behind waits, too.
    Wait {
        /// Until when.
        until: Timestamp,
    },
    /// It was tried as often as it may be: it becomes a dead letter.
    GiveUp {
        /// How the last try ended, in words.
        reason: String,
    },
}

/// Why an event is not delivered to a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passed {
    /// It happened elsewhere.
    Elsewhere,
    /// It has been dealt with.
    Before,
    /// It is of another type.
    NotAsked,
    /// The subscription's own handler caused it.
    Own,
    /// More deliveries led to it than may.
    TooDeep,
}

/// Why an event is not for a subscription at all; none where it is.
pub(crate) fn passed(
    subscription: &Subscription,
    event: &Event,
    policy: &Policy,
) -> Option<Passed> {
    let wanted = &subscription.properties;
    let cause = EventCause::of(event);
    if event.place != subscription.place {
        Some(Passed::Elsewhere)
    } else if event.seq <= wanted.cursor {
        Some(Passed::Before)
    } else if !wanted.types.contains(&event.event_type) {
        Some(Passed::NotAsked)
    } else if cause.is_some_and(|cause| cause.subscription == subscription.id) {
        Some(Passed::Own)
    } else if cause.is_some_and(|cause| cause.depth >= policy.delivery_depth) {
        Some(Passed::TooDeep)
    } else {
        None
    }
}

/// What is to be done about `event` for `subscription` at `now`, when everything before it has been
/// dealt with.
///
/// ```
/// # use plugin_lifecycle::{NextDelivery, Policy, Subscription, next_delivery};
/// # use one_ontology::{Event, Timestamp};
/// fn holds_up(subscription: &Subscription, event: &Event, now: Timestamp) -> bool {
///     let next = next_delivery(subscription, event, &Policy::default(), now);
///     matches!(next, NextDelivery::Wait { .. })
/// }
/// ```
#[must_use]
pub fn next_delivery(
    subscription: &Subscription,
    event: &Event,
    policy: &Policy,
    now: Timestamp,
) -> NextDelivery {
    if let Some(why) = passed(subscription, event, policy) {
        return NextDelivery::Pass(why);
    }
    let wanted = &subscription.properties;
    let pending = wanted.pending_of(event.seq).cloned();
    let pending = pending.unwrap_or_else(|| PendingDelivery::new(event.seq));
    let claim = pending.claim.as_ref();
    if let Some(until) = waits_until(&pending, now) {
        return NextDelivery::Wait { until };
    }
    if pending.tries >= policy.delivery_attempts {
        let silent = || "its host went silent".to_owned();
        let reason = pending.reason.clone().filter(|_| claim.is_none());
        return NextDelivery::GiveUp {
            reason: reason.unwrap_or_else(silent),
        };
    }
    match wanted.key(subscription.id, &pending) {
        Ok(key) => NextDelivery::Deliver {
            key,
            lost: claim.map(|claim| claim.execution),
        },
        // INVARIANT: an id and three numbers are a key.
        Err(error) => NextDelivery::GiveUp {
            reason: error.to_string(),
        },
    }
}

/// Until when nobody need look at it: somebody is at it, or it is to be tried again then.
pub(crate) fn waits_until(pending: &PendingDelivery, now: Timestamp) -> Option<Timestamp> {
    let claimed = pending.claim.as_ref().map(|claim| claim.lease_until);
    claimed.or(pending.retry_at).filter(|until| *until > now)
}

/// How a try to deliver ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryEnd {
    /// The handler ran to its end, or said that it has nothing to do with it.
    Handled,
    /// The handler is known to have run, without success.
    Failed,
    /// Nobody knows whether the handler ran: the executor did not do its job.
    Unknown,
}

impl DeliveryEnd {
    /// What the end of an execution is for the event that it handled.
    #[must_use]
    pub const fn of(ending: &Ending) -> Self {
        match ending {
            Ending::Succeeded { .. } | Ending::Refused { .. } => Self::Handled,
            Ending::Failed { .. }
            | Ending::TimedOut { .. }
            | Ending::OutOfMemory { .. }
            | Ending::Crashed { .. }
            | Ending::Cancelled => Self::Failed,
        }
    }
}

/// What becomes of an event after a try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AfterDelivery {
    /// It has been dealt with: the cursor goes on.
    Done,
    /// It is tried again.
    Retry(PendingDelivery),
    /// It becomes a dead letter, and the cursor goes on.
    GiveUp,
}

/// What becomes of an event after a try that was begun as `pending`, counted in it.
///
/// A run that is known to have failed is followed by another one. Where nobody knows whether there
/// was one, the same key is asked again, and that does not count: the event is not to blame.
#[must_use]
pub fn after_delivery(
    pending: &PendingDelivery,
    end: DeliveryEnd,
    reason: &str,
    policy: &Policy,
    now: Timestamp,
) -> AfterDelivery {
    let mut next = pending.clone();
    next.claim = None;
    match end {
        DeliveryEnd::Handled => return AfterDelivery::Done,
        DeliveryEnd::Failed => next.runs = next.runs.saturating_add(1),
        DeliveryEnd::Unknown => next.tries = next.tries.saturating_sub(1),
    }
    if next.tries >= policy.delivery_attempts {
        return AfterDelivery::GiveUp;
    }
    next.reason = Some(reason.to_owned());
    next.retry_at = Some(now.plus(backoff(policy, next.tries)));
    AfterDelivery::Retry(next)
}

/// How long to wait after so many tries: doubled by each, bounded.
fn backoff(policy: &Policy, tries: u32) -> Duration {
    let doubled = 2_u32.saturating_pow(tries.saturating_sub(1));
    let delay = policy.delivery_backoff.saturating_mul(doubled);
    delay.min(policy.delivery_backoff_at_most)
}

impl PluginSubscription {
    /// What is written when a try of `seq` begins: it counts, and it is claimed.
    pub(crate) fn claimed(
        &self,
        seq: one_ontology::Seq,
        claim: crate::DeliveryClaim,
    ) -> PendingDelivery {
        let pending = self.pending_of(seq).cloned();
        let mut pending = pending.unwrap_or_else(|| PendingDelivery::new(seq));
        pending.tries = pending.tries.saturating_add(1);
        pending.retry_at = None;
        pending.claim = Some(claim);
        pending
    }
}
