//! Delivering one event to one subscription.

use one_ontology::{
    ChangeSet, End as Target, Event, EventType, IdempotencyKey, NewEvent, PluginEventType, Seq,
    StoreError, ThingId, Timestamp,
};
use plugin_runtime_api::{ComponentKind, ExecutionId};
use serde_json::Value;

use super::dispatch_report::Waits;
use crate::manager::end::{End, LastSeen};
use crate::manager::execute::{Begun, Request};
use crate::manager::write::untyped;
use crate::{
    AdmissionRefusal, AfterDelivery, Call, DeadLetter, DeliveryClaim, EventCause, Instance,
    ManagerError, NextDelivery, PendingDelivery, Reuse, Subscription, Tenant, after_delivery,
    next_delivery,
};

/// Which delivery an execution is, for whoever writes how it ended.
#[derive(Clone, Debug)]
pub(crate) struct Claimed {
    subscription: ThingId,
    seq: Seq,
    event_type: EventType,
    execution: ExecutionId,
}

/// What became of one event.
#[derive(Debug)]
pub(super) enum Tried {
    /// It was handled.
    Delivered,
    /// It became a dead letter.
    GivenUp,
    /// It was dealt with already.
    Passed,
    /// It waits, and what comes behind with it.
    Waits(Waits),
    /// The subscription has ended.
    Gone,
}

/// What came of the beginning.
enum Claim {
    Run(Box<Begun>, Claimed),
    Waits(Waits),
    /// Others wrote in between: read and decide again.
    Again,
}

impl Tenant {
    /// Delivers one event, when every one before it has been dealt with: claims it and begins an
    /// execution in one change set, runs the handler, and writes its end and the cursor in another.
    pub(super) async fn deliver(
        &self,
        subscription: ThingId,
        event: &Event,
    ) -> Result<Tried, ManagerError> {
        let attempts = self.shared().policy.attempts;
        for _ in 0..attempts {
            let Some(row) = self.find_subscription(subscription).await? else {
                return Ok(Tried::Gone);
            };
            let now = self.shared().now();
            match next_delivery(&row, event, &self.shared().policy, now) {
                NextDelivery::Pass(_) => return Ok(Tried::Passed),
                NextDelivery::Wait { .. } => {
                    return Ok(Tried::Waits(waiting(&row, now)));
                }
                NextDelivery::GiveUp { reason } => {
                    if self.give_up_silent(row, event, &reason, now).await? {
                        return Ok(Tried::GivenUp);
                    }
                }
                NextDelivery::Deliver { key, lost } => {
                    match self.begin_delivery(row, event, key, lost).await? {
                        Claim::Run(begun, claimed) => {
                            return self.run_delivery(*begun, &claimed).await;
                        }
                        Claim::Waits(waits) => return Ok(Tried::Waits(waits)),
                        Claim::Again => {}
                    }
                }
            }
        }
        Err(ManagerError::Contended { attempts })
    }

    async fn begin_delivery(
        &self,
        mut row: Subscription,
        event: &Event,
        key: IdempotencyKey,
        lost: Option<ExecutionId>,
    ) -> Result<Claim, ManagerError> {
        let wanted = row.properties.instance;
        let Some(instance) = self.settled(wanted, lost).await? else {
            let error = ManagerError::InstanceNotFound { instance: wanted };
            return Ok(Claim::Waits(refused(error.tag(), &error, None)));
        };
        let call = Call {
            kind: ComponentKind::Event,
            component: row.properties.component.clone(),
            input: self.told(event).await?,
            timeout: None,
            repeats: None,
            reuse: Reuse::Never,
            waits: None,
            agent: None,
        };
        let cause = Some(EventCause::of_delivery(row.id, event));
        let request = Request {
            key,
            ..self.new_request(cause)?
        };
        let execution = request.execution;
        let begun = self.begin_step(instance, &call, &request, None, self.shared().now());
        let mut step = match begun {
            Err(ManagerError::Admission(refusal)) => return Ok(Claim::Waits(not_now(&refusal))),
            step => step?,
        };
        let lease = step.instance.properties.executions.get(&execution);
        let lease_until = lease.map(|lease| lease.lease_until);
        let claim = DeliveryClaim {
            execution,
            lease_until: lease_until.ok_or(ManagerError::Superseded)?,
        };
        let claimed = Claimed {
            subscription: row.id,
            seq: event.seq,
            event_type: event.event_type.clone(),
            execution,
        };
        row.properties.pending = Some(row.properties.claimed(event.seq, claim));
        step.changes = step.changes.replace(untyped(&row)?);
        match self.write(step).await {
            Ok(Some((instance, receipt))) => {
                self.begins_here(&instance, execution);
                let begun = Begun::of(instance, call, execution, receipt.first)?;
                Ok(Claim::Run(Box::new(begun), claimed))
            }
            Ok(None) => Ok(Claim::Again),
            // Whoever drove the executions under way may be gone: then their places are free.
            Err(ManagerError::Admission(AdmissionRefusal::BulkheadFull { .. }))
                if self.close_abandoned().await? > 0 =>
            {
                Ok(Claim::Again)
            }
            Err(ManagerError::Admission(refusal)) => Ok(Claim::Waits(not_now(&refusal))),
            Err(error) => Err(error),
        }
    }

    /// The instance, once an execution of a host that has gone silent is no longer under way.
    async fn settled(
        &self,
        instance: ThingId,
        lost: Option<ExecutionId>,
    ) -> Result<Option<Instance>, ManagerError> {
        let Some(found) = self.find(instance).await? else {
            return Ok(None);
        };
        let lost = lost.and_then(|it| Some((it, found.properties.executions.get(&it)?)));
        let Some((execution, lease)) = lost else {
            return Ok(Some(found));
        };
        if lease.lease_until <= self.shared().now() {
            self.settle(&found, execution, lease).await?;
            return self.find(instance).await;
        }
        Ok(Some(found))
    }

    /// What a handler is given: the event as the trail has it; of one that a plugin emitted, also its
    /// `payload`.
    pub(super) async fn told(&self, event: &Event) -> Result<Value, ManagerError> {
        let mut told = serde_json::to_value(event).unwrap_or_default();
        let emitted = event.event_type.as_str() == "eliza_event_emitted";
        if let (true, Some(Target::Thing(thing))) = (emitted, event.target) {
            let kept = self.shared().store.thing(&self.scope, thing).await?;
            let payload = kept.and_then(|kept| kept.properties.get("payload").cloned());
            if let Some(told) = told.as_object_mut() {
                told.insert("payload".to_owned(), payload.unwrap_or_default());
            }
        }
        Ok(told)
    }

    /// Once: what comes after a failure is the subscription's to say.
    async fn run_delivery(
        &self,
        mut begun: Begun,
        claimed: &Claimed,
    ) -> Result<Tried, ManagerError> {
        let words = self.words(&begun.instance).await;
        let result = self.run(&mut begun).await;
        let end = End::of(&result, words).with(begun.doubt);
        let (seen, execution) = (LastSeen::then(begun.instance), begun.execution);
        let closed = self
            .end_execution(seen, execution, &begun.lease, &end, Some(claimed))
            .await?
            .ok_or(ManagerError::Superseded)?;
        Ok(match closed.delivered {
            Some(AfterDelivery::Done) => Tried::Delivered,
            Some(AfterDelivery::GiveUp) => Tried::GivenUp,
            Some(AfterDelivery::Retry(pending)) => Tried::Waits(retrying(&pending)),
            None => Tried::Waits(Waits {
                why: "UnderWay".to_owned(),
                reason: "another host has taken it over".to_owned(),
                until: None,
            }),
        })
    }

    /// Adds to the end of an execution what becomes of the event that it handled, unless another
    /// host has that by now.
    pub(crate) async fn close_delivery(
        &self,
        changes: ChangeSet,
        claimed: &Claimed,
        end: &End,
        now: Timestamp,
    ) -> Result<(ChangeSet, Option<AfterDelivery>), ManagerError> {
        let row = match self.find_subscription(claimed.subscription).await {
            Ok(row) => row,
            // The execution has ended all the same.
            Err(ManagerError::Unreadable { .. }) => None,
            Err(error) => return Err(error),
        };
        let Some(mut row) = row else {
            return Ok((changes, None));
        };
        let held = |it: &&PendingDelivery| {
            let claim = it.claim.as_ref();
            claim.is_some_and(|claim| claim.execution == claimed.execution)
        };
        let Some(pending) = row.properties.pending_of(claimed.seq).filter(held).cloned() else {
            return Ok((changes, None));
        };
        let (reason, policy) = (end.in_words(), &self.shared().policy);
        let after = after_delivery(&pending, end.of_delivery(), &reason, policy, now);
        let changes = match &after {
            AfterDelivery::Done => {
                let wanted = &mut row.properties;
                wanted.cursor = claimed.seq;
                wanted.pending = None;
                wanted.delivered = wanted.delivered.saturating_add(1);
                changes.replace(untyped(&row)?)
            }
            AfterDelivery::Retry(next) => {
                row.properties.pending = Some(next.clone());
                changes.replace(untyped(&row)?)
            }
            AfterDelivery::GiveUp => {
                let event_type = claimed.event_type.clone();
                let (letter, told) = self.bury(&mut row, &pending, event_type, &reason, now);
                changes
                    .replace(untyped(&row)?)
                    .insert(untyped(&letter)?)
                    .event(told)
            }
        };
        Ok((changes, Some(after)))
    }

    /// Gives up an event over which one host after another has gone silent.
    async fn give_up_silent(
        &self,
        mut row: Subscription,
        event: &Event,
        reason: &str,
        now: Timestamp,
    ) -> Result<bool, ManagerError> {
        let pending = row.properties.pending_of(event.seq).cloned();
        let pending = pending.unwrap_or_else(|| PendingDelivery::new(event.seq));
        let event_type = event.event_type.clone();
        let (letter, told) = self.bury(&mut row, &pending, event_type, reason, now);
        let told = EventCause::mark(Some(EventCause::of_delivery(row.id, event)), told);
        let changes = ChangeSet::new(&self.scope, told, now)
            .replace(untyped(&row)?)
            .insert(untyped(&letter)?);
        match self.shared().commit(changes).await {
            Ok(_) => Ok(true),
            Err(StoreError::Stale { .. } | StoreError::Busy { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Makes a dead letter of an event, and lets the cursor pass it.
    fn bury(
        &self,
        row: &mut Subscription,
        pending: &PendingDelivery,
        event_type: EventType,
        reason: &str,
        now: Timestamp,
    ) -> (crate::LetterRow, NewEvent) {
        let ids = self.shared().ids.as_ref();
        let wanted = &mut row.properties;
        wanted.cursor = pending.seq;
        wanted.pending = None;
        wanted.given_up = wanted.given_up.saturating_add(1);
        let letter = DeadLetter {
            subscription: row.id,
            instance: wanted.instance,
            component: wanted.component.clone(),
            seq: pending.seq,
            event_type,
            tries: pending.tries,
            reason: reason.to_owned(),
            at: now,
            redeliveries: 0,
        };
        let id = one_ontology::EventId::new(ids, now);
        let target = Some(wanted.instance.into());
        let told = NewEvent::new(id, PluginEventType::PluginErrorOccurred, target)
            .with("error", "DeliveryGivenUp")
            .with("subscription", row.id.to_string())
            .with("seq", pending.seq.get())
            .with("tries", pending.tries)
            .with("reason", reason);
        let letter = self.made(ThingId::new(ids, now), row.id, letter, now);
        (letter, told)
    }
}

/// What an event that is claimed, or to be tried again, waits for.
pub(super) fn waiting(row: &Subscription, now: Timestamp) -> Waits {
    match &row.properties.pending {
        Some(pending) if pending.claim.is_some() => Waits {
            why: "UnderWay".to_owned(),
            reason: "a host is delivering it".to_owned(),
            until: crate::events::waits_until(pending, now),
        },
        Some(pending) => retrying(pending),
        None => Waits {
            why: "UnderWay".to_owned(),
            reason: "others are at it".to_owned(),
            until: None,
        },
    }
}

fn retrying(pending: &PendingDelivery) -> Waits {
    Waits {
        why: "Retry".to_owned(),
        reason: pending.reason.clone().unwrap_or_default(),
        until: pending.retry_at,
    }
}

fn not_now(refusal: &AdmissionRefusal) -> Waits {
    let until = match refusal {
        AdmissionRefusal::RateLimited { retry_at, .. }
        | AdmissionRefusal::QuotaExhausted { retry_at, .. } => *retry_at,
        AdmissionRefusal::BeingChanged { retry_at }
        | AdmissionRefusal::BreakerOpen { retry_at } => Some(*retry_at),
        _ => None,
    };
    refused(refusal.tag(), refusal, until)
}

fn refused(tag: &str, reason: &dyn std::fmt::Display, until: Option<Timestamp>) -> Waits {
    Waits {
        why: tag.to_owned(),
        reason: reason.to_string(),
        until,
    }
}
