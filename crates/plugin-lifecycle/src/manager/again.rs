//! Trying an execution again.

use std::pin::pin;

use futures::future::select;
use one_ontology::{NewEvent, PluginEventType, Timestamp};
use plugin_runtime_api::Outcome;

use crate::manager::end::of_agent;
use crate::manager::execute::{Begun, key_of};
use crate::{Blame, Breaker, EventCause, Instance, ManagerError, Sign, StateKind, Tenant, Trouble};

impl Tenant {
    /// Writes that an execution is tried again, if it is, and waits until it may; not where it ends
    /// as it is: there is nothing to wait with, the trouble is none that passes, it has been tried
    /// as often as it may, its instance is about to be changed or on its way elsewhere, or its
    /// breaker has opened.
    pub(crate) async fn again(
        &self,
        begun: &mut Begun,
        result: &Result<Outcome, ManagerError>,
    ) -> Result<Again, ManagerError> {
        let trouble = match result {
            Ok(outcome) => Trouble::of(&outcome.ending),
            Err(error) => Trouble::of_error(error),
        };
        let (Some(timer), Some(trouble)) = (&self.shared().timer, trouble) else {
            return Ok(Again::No);
        };
        let (execution, attempt) = (begun.execution, begun.lease.attempt);
        let retries = &self.shared().policy.retries;
        let Some(wait) = retries.wait(begun.lease.effect, execution, attempt) else {
            return Ok(Again::No);
        };
        let attempt = attempt.saturating_add(1);
        let key = key_of(execution, attempt)?;
        let held = &*begun;
        let written = self.rewrite(held.instance.id, |mut instance, now| {
            let begun = held;
            let breaker = self.after_attempt(&instance, begun, trouble, now)?;
            let longest = self.longest(self.timeout_of(&begun.call)?);
            if !retries.is_time(now.since(begun.lease.began), wait, longest) {
                return Err(ManagerError::Superseded);
            }
            let mut lease = begun.lease.clone();
            lease.key = key.clone();
            lease.attempt = attempt;
            lease.lease_until = now.plus(wait).plus(longest);
            let properties = &mut instance.properties;
            properties.breaker = breaker;
            properties.executions.insert(execution, lease);
            let event = self.event(PluginEventType::PluginActionInitiated, &instance, now);
            let event = EventCause::mark(begun.lease.cause, event);
            let event = describe(event, begun, trouble)
                .with("attempt", attempt)
                .with(
                    "wait_ms",
                    u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
                );
            let mut step = self.beside(instance, event, now)?;
            step.changes = step.changes.once(key.clone());
            Ok(step)
        });
        let instance = match written.await {
            Ok((instance, _)) => instance,
            Err(ManagerError::Superseded) => return Ok(Again::No),
            Err(error) => return Err(error),
        };
        let lease = instance.properties.executions.get(&execution).cloned();
        begun.lease = lease.ok_or(ManagerError::Superseded)?;
        begun.instance = instance;
        let until = self.shared().now().plus(wait);
        select(timer.sleep_until(until), pin!(begun.stop.asked())).await;
        Ok(Again::Yes)
    }

    /// Whether somebody, perhaps on another host, has asked for the end of an execution; `Superseded`
    /// where it has ended, or may not be tried again any more.
    pub(crate) async fn end_was_asked(&self, begun: &Begun) -> Result<bool, ManagerError> {
        let (found, held) = (
            self.load(begun.instance.id).await?.properties,
            &begun.instance,
        );
        let lease = found.executions.get(&begun.execution);
        let lease = lease.ok_or(ManagerError::Superseded)?;
        if lease.cancel_asked.is_some() {
            return Ok(true);
        }
        let now = self.shared().now();
        let shut = found.breaker.until().is_some_and(|until| until > now);
        let ours =
            found.fence == held.properties.fence && found.lifecycle.kind() == StateKind::Executing;
        if begun.lease.attempt > 1 && (shut || !ours) {
            return Err(ManagerError::Superseded);
        }
        Ok(false)
    }

    /// The breaker after an attempt that failed; `Superseded` where there is to be no further one.
    fn after_attempt(
        &self,
        found: &Instance,
        begun: &Begun,
        trouble: Trouble,
        now: Timestamp,
    ) -> Result<Breaker, ManagerError> {
        let (found, held) = (&found.properties, &begun.instance.properties);
        let seat = begun.lease.seat.as_ref();
        let granted = seat.is_none_or(|seat| found.still_grants(seat));
        let ours = found.lifecycle.kind() == StateKind::Executing
            && found.fence == held.fence
            && granted
            && found.executions.get(&begun.execution) == Some(&begun.lease);
        let policy = &self.shared().policy;
        let sign = match Blame::of(trouble.outcome(), &begun.lease, &found.breaker, policy) {
            Blame::Plugin => Sign::Bad,
            Blame::Nobody => Sign::Nothing,
        };
        let began = begun.lease.began;
        let breaker = found.breaker.after(&policy.breaker, began, sign, now);
        let shut = breaker.until().is_some_and(|until| until > now);
        // Whoever waits for it to end, to change the plugin, has been told until when.
        let closed = found.held_back(now).is_some();
        if ours && !shut && !closed {
            Ok(breaker)
        } else {
            Err(ManagerError::Superseded)
        }
    }
}

/// Whether an execution is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Again {
    Yes,
    No,
}

fn describe(event: NewEvent, begun: &Begun, trouble: Trouble) -> NewEvent {
    of_agent(event, begun.call.agent)
        .with("execution", begun.execution.to_string())
        .with("kind", begun.call.kind.as_str())
        .with("component", begun.call.component.as_str())
        .with("after", trouble.as_str())
}
