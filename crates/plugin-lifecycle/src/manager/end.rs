//! How executions end.

use std::time::Duration;

use one_ontology::{
    ChangeSet, IdempotencyKey, NewEvent, PluginEventType, Seq, StoreError, ThingId, Timestamp,
};
use plugin_runtime_api::{Ending, ExecutionId, Outcome, RuntimeStatus, Usage};

use crate::instance::{ExecutionLease, TooMany};
use crate::manager::events::Claimed;
use crate::manager::execute::Doubt;
use crate::manager::host::Words;
use crate::manager::write::{Step, untyped};
use crate::{
    After, AfterDelivery, Blame, Breaker, Command, CommandKind, DeliveryEnd, EventCause,
    ExecutionEnd, Instance, LostOutcome, ManagerError, PendingOperation, Phase, PluginInstance,
    Run, RunOutcome, Sign, State, StateKind, Tenant,
};

impl Tenant {
    /// Writes how an execution ended, whatever has become of its instance meanwhile, and stops an
    /// instance that had one error too many.
    ///
    /// None where recovery tells of an execution that has ended already: there is nothing to add.
    /// With what becomes of the event that it handled, in the same change set.
    pub(crate) async fn end_execution(
        &self,
        of: LastSeen,
        execution: ExecutionId,
        lease: &ExecutionLease,
        end: &End,
        delivery: Option<&Claimed>,
    ) -> Result<Option<Closed>, ManagerError> {
        let (instance, mut seen) = of.into_parts();
        for _ in 0..self.shared().policy.attempts {
            let found = match seen.take() {
                Some(seen) => *seen,
                None => self.load(instance).await?,
            };
            // Not knowing must not keep the end from being written: a crash was reported. It is asked
            // each time: whoever wrote in between may have started it again.
            // The runtime of an agent goes down without the instance's.
            let of_instance = end.crashed && lease.seat.is_none();
            let crashed = of_instance && self.runtime_is_down(&found).await.unwrap_or(true);
            let now = self.shared().now();
            // Who takes a lease away gives its place back, once: here, or whoever closed it before.
            let own = found.properties.executions.get(&execution).cloned();
            if own.is_none() && end.teller == Teller::Recovery {
                return Ok(None);
            }
            let mut found = found;
            // What was closed already has been counted.
            let kept = match own {
                Some(_) => self.keep_usage(&mut found, now).await,
                None => None,
            };
            let ended = self.ending(found, execution, lease, end, crashed, now)?;
            let mut changes = kept
                .into_iter()
                .fold(ended.changes, |to, day| day.write(to));
            if let Some(own) = own {
                changes = changes.settle(self.leave_bulkhead(own.began)?);
            }
            let mut delivered = None;
            if let Some(delivery) = delivery {
                let closing = self.close_delivery(changes, delivery, end, now).await?;
                (changes, delivered) = closing;
            }
            match self.shared().commit(changes).await {
                Ok(receipt) => {
                    let mut instance = ended.instance;
                    instance.revision = instance.revision.next();
                    self.shared().hosting.ends(execution);
                    self.halt_crashed(&instance).await;
                    self.drain_if_suspending(&instance).await;
                    self.end_idle_strays(&instance).await;
                    let seq = receipt.head.seq;
                    return Ok(Some(Closed { seq, delivered }));
                }
                // Somebody else may have begun the day's usage.
                Err(
                    StoreError::Stale { .. }
                    | StoreError::Busy { .. }
                    | StoreError::AlreadyExists { .. },
                ) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(ManagerError::Contended {
            attempts: self.shared().policy.attempts,
        })
    }

    /// Stops an instance that is suspended for its errors and has no execution left: no command
    /// waits for the last of them, so whoever ends it does. The execution has ended all the same
    /// where this fails: the operation is in the row, for whoever recovers.
    pub(crate) async fn drain_if_suspending(&self, instance: &Instance) {
        let drained = State::Deactivating {
            then: After::Suspended,
            in_flight: 0,
        };
        let by_errors = instance
            .properties
            .operation
            .as_ref()
            .is_none_or(|operation| operation.command == CommandKind::EndExecution);
        if instance.properties.lifecycle == drained && by_errors {
            let stopped = self.stop_draining(instance).await;
            if stopped.is_ok() {
                drop(self.drained(instance).await);
            }
        }
    }

    /// Keeps out whoever would still start the runtime of a crashed instance under its former
    /// fence. What cannot be told now is told by whoever recovers.
    async fn halt_crashed(&self, instance: &Instance) {
        let properties = &instance.properties;
        if properties.lifecycle.kind() == StateKind::Error {
            drop(self.stop_all(properties, Duration::ZERO).await);
        }
    }

    async fn runtime_is_down(&self, instance: &Instance) -> Result<bool, ManagerError> {
        let runtime = &instance.properties.runtime;
        let status = self.shared().executor.status(runtime).await?;
        Ok(!matches!(status, RuntimeStatus::Running { .. }))
    }

    fn ending(
        &self,
        mut instance: Instance,
        execution: ExecutionId,
        lease: &ExecutionLease,
        end: &End,
        crashed: bool,
        now: Timestamp,
    ) -> Result<Ended, ManagerError> {
        let event_type = if end.failed {
            PluginEventType::PluginActionFailed
        } else {
            PluginEventType::PluginActionExecuted
        };
        if !instance.properties.executions.contains_key(&execution) {
            // Closed already, by a crash or for its lease: the trail learns how it ended, and
            // nothing is counted twice.
            let event = self.event(event_type, &instance, now);
            let event = end
                .describe(event, execution, lease, now)
                .with("late", true);
            return Ok(Ended {
                changes: ChangeSet::new(&self.scope, event, now),
                instance,
            });
        }
        let policy = &self.shared().policy;
        let errors = instance.properties.errors.clone();
        let breaker = &instance.properties.breaker;
        let blame = Blame::of(end.outcome(), lease, breaker, policy);
        let (errors, command) = if end.failed && blame == Blame::Nobody {
            (errors, Command::EndExecution(ExecutionEnd::Err))
        } else if end.failed {
            let (errors, too_many) = errors.after_error(policy, now);
            let command = match too_many {
                TooMany::Yes => Command::EndExecution(ExecutionEnd::ErrAtLimit),
                TooMany::No => Command::EndExecution(ExecutionEnd::Err),
            };
            (errors, command)
        } else {
            let errors = match blame {
                Blame::Plugin => errors.after_success(),
                Blame::Nobody => errors,
            };
            (
                errors,
                match end.teller {
                    Teller::Driver => Command::EndExecution(ExecutionEnd::Ok),
                    Teller::Recovery => Command::LeaseExpired(LostOutcome::Known),
                },
            )
        };
        // Whoever took the grant of its agent away has ended it: that says nothing of the plugin.
        let revoked = |seat| !instance.properties.still_grants(seat);
        let revoked = lease.seat.as_ref().is_some_and(revoked);
        let (errors, command) = if revoked && end.failed {
            let before = instance.properties.errors.clone();
            (before, Command::EndExecution(ExecutionEnd::Err))
        } else {
            (errors, command)
        };
        let too_many = command == Command::EndExecution(ExecutionEnd::ErrAtLimit);
        let executing = instance.properties.lifecycle.kind() == StateKind::Executing;
        let describe = |event: NewEvent| end.describe(event, execution, lease, now);
        let key = self.new_key("suspend", now)?;
        let counted = errors.clone();
        let before = instance.properties.breaker;
        let sign = match blame {
            Blame::Plugin => end.sign,
            Blame::Nobody => Sign::Nothing,
        };
        let breaker = before.after(&policy.breaker, lease.began, sign, now);
        let mut usage = instance.properties.usage.clone();
        usage.count(now, end.outcome(), Some(elapsed_us(lease, now)));
        let mut of_all = usage.clone();
        let breaker = if revoked { before } else { breaker };
        let describe = |event: NewEvent| of_breaker(describe(event), before, breaker);
        let edit = |p: &mut PluginInstance| {
            p.executions.remove(&execution);
            p.errors = errors;
            p.breaker = breaker;
            p.usage = usage;
            // Whoever brings it elsewhere already acts under its own fence.
            if too_many && executing {
                p.reason = Some(format!("{} errors in a row", p.errors.in_a_row));
                p.fence = p.fence.next();
                p.operation = Some(self.suspending(p, &command, &key, now));
            }
        };
        match instance.properties.lifecycle.kind() {
            StateKind::Executing if crashed => {
                let mut lost = instance.properties.executions.clone();
                lost.remove(&execution);
                of_all.count_lost(now, lost.len());
                let crash = |p: &mut PluginInstance| {
                    p.executions.clear();
                    p.errors = counted;
                    p.breaker = breaker;
                    p.usage = of_all;
                    p.reason = Some(end.words.clone());
                    // Nobody who began before may start it again.
                    p.fence = p.fence.next();
                };
                let mut step =
                    self.step(instance, Command::RuntimeCrashed, now, crash, describe)?;
                // The others ended with it, and nobody knows how.
                for (other, lease) in &lost {
                    let changes = step.changes;
                    step.changes = self.close_unknown(changes, &step.instance, *other, lease)?;
                }
                Ok(step.into())
            }
            StateKind::Executing => {
                let step = self.step(instance, command, now, edit, describe)?;
                Ok(step.into())
            }
            // The instance is on its way elsewhere: the execution still ends, once.
            _ => {
                instance.properties.lifecycle = instance.properties.lifecycle.drained_by_one();
                edit(&mut instance.properties);
                let event = describe(self.event(event_type, &instance, now));
                let changes = ChangeSet::new(&self.scope, event, now).replace(untyped(&instance)?);
                Ok(Ended { instance, changes })
            }
        }
    }

    /// The operation of an instance that had one error too many. Nobody drives it until its last
    /// execution has ended; its lease is for whoever ends that.
    fn suspending(
        &self,
        instance: &PluginInstance,
        command: &Command,
        key: &IdempotencyKey,
        now: Timestamp,
    ) -> PendingOperation {
        let fence = instance.fence;
        let mut operation = self.operation(command, key, fence, now, Phase::Drain);
        let policy = &self.shared().policy;
        let last = instance.executions.values().map(|e| e.lease_until).max();
        operation.lease_until = last
            .unwrap_or(now)
            .max(now)
            .plus(policy.grace + policy.grace);
        operation
    }
}

/// The instance whose execution ends.
pub(crate) enum LastSeen {
    /// As it was when the execution began, if nobody else was at work then: likely it still is. Where it
    /// is not, the store says so and it is read.
    Then(Box<Instance>),
    /// Only which.
    Id(ThingId),
}

impl LastSeen {
    pub(crate) fn then(instance: Instance) -> Self {
        if instance.properties.executions.len() == 1 {
            Self::Then(Box::new(instance))
        } else {
            Self::Id(instance.id)
        }
    }

    fn into_parts(self) -> (ThingId, Option<Box<Instance>>) {
        match self {
            Self::Then(instance) => (instance.id, Some(instance)),
            Self::Id(id) => (id, None),
        }
    }
}

/// The written end of an execution.
#[derive(Debug)]
pub(crate) struct Closed {
    /// The number of its last event.
    pub(crate) seq: Seq,
    /// What became of the event that it handled, if that was still its to say.
    pub(crate) delivered: Option<AfterDelivery>,
}

/// What the end of an execution makes of its instance; not always a transition, because an
/// execution also ends when its instance is on its way elsewhere.
struct Ended {
    instance: Instance,
    changes: ChangeSet,
}

impl From<Step> for Ended {
    fn from(step: Step) -> Self {
        Self {
            instance: step.instance,
            changes: step.changes,
        }
    }
}

/// How an execution ended, as the trail says it.
pub(crate) struct End {
    teller: Teller,
    ending: &'static str,
    delivery: DeliveryEnd,
    words: String,
    failed: bool,
    crashed: bool,
    sign: Sign,
    usage: Usage,
}

/// What an execution took, in microseconds.
fn elapsed_us(lease: &ExecutionLease, now: Timestamp) -> u64 {
    let elapsed = now.since(lease.began);
    u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX)
}

/// Says of the end of an execution which it was.
pub(crate) fn of_lease(
    event: NewEvent,
    execution: ExecutionId,
    lease: &ExecutionLease,
) -> NewEvent {
    let event = match lease.attempt {
        1 => event,
        attempts => event.with("attempts", attempts),
    };
    // Once is enough: an error has further events beside its end.
    let is_end = Run::ENDS.contains(&event.event_type);
    let input = lease.input.as_ref().filter(|_| is_end);
    let event = match input.and_then(|input| serde_json::to_value(input).ok()) {
        Some(input) => event.with("input", input),
        None => event,
    };
    let event = match lease.timeout_ms.filter(|_| is_end) {
        Some(ms) => event.with("timeout_ms", ms),
        None => event,
    };
    of_agent(event, lease.agent())
        .with("execution", execution.to_string())
        .with("kind", lease.kind.as_str())
        .with("component", lease.component.as_str())
}

/// Says of an execution for which agent it is, if it is for one.
pub(crate) fn of_agent(event: NewEvent, agent: Option<ThingId>) -> NewEvent {
    match agent {
        Some(agent) => event.with("agent", agent.to_string()),
        None => event,
    }
}

/// Says of the end of an execution what it made of the breaker.
fn of_breaker(event: NewEvent, before: Breaker, after: Breaker) -> NewEvent {
    match (before.until(), after.until()) {
        (before, Some(until)) if before != Some(until) => {
            event.with("held_back_until", until.to_string())
        }
        (Some(_), None) => event.with("breaker", "closed"),
        _ => event,
    }
}

/// Who tells how an execution ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Teller {
    /// Whoever drove it.
    Driver,
    /// Whoever looked it up when its driver had gone silent.
    Recovery,
}

impl End {
    pub(crate) fn of(result: &Result<Outcome, ManagerError>, recorded: Words) -> Self {
        match result {
            Ok(outcome) => {
                let words = match &outcome.ending {
                    Ending::Succeeded { .. } | Ending::Cancelled => String::new(),
                    Ending::Refused { reason } | Ending::Crashed { reason } => {
                        recorded.of_plugin(reason)
                    }
                    // A plugin's message often holds what it was given; its class seldom does.
                    Ending::Failed { error } => recorded.of_plugin(&error.name),
                    Ending::TimedOut { after_ms } => format!("after {after_ms} ms"),
                    Ending::OutOfMemory { limit_bytes } => format!("above {limit_bytes} bytes"),
                };
                Self {
                    teller: Teller::Driver,
                    ending: outcome.ending.name(),
                    delivery: DeliveryEnd::of(&outcome.ending),
                    words,
                    failed: matches!(
                        outcome.ending,
                        Ending::Failed { .. }
                            | Ending::TimedOut { .. }
                            | Ending::OutOfMemory { .. }
                            | Ending::Crashed { .. }
                    ),
                    crashed: matches!(outcome.ending, Ending::Crashed { .. }),
                    sign: Sign::of(&outcome.ending),
                    usage: outcome.usage,
                }
            }
            Err(error) => Self {
                teller: Teller::Driver,
                ending: "not_run",
                delivery: DeliveryEnd::Unknown,
                words: error.tag().to_owned(),
                failed: true,
                crashed: false,
                sign: Sign::of_error(error),
                usage: Usage::default(),
            },
        }
    }

    /// The same, where nobody may know whether it has run.
    pub(crate) fn with(mut self, doubt: Doubt) -> Self {
        if doubt == Doubt::MayHaveRun && self.ending == RunOutcome::NotRun.as_str() {
            self.ending = RunOutcome::Unknown.as_str();
        }
        self
    }

    /// How it ended, in words that may be kept.
    pub(crate) fn in_words(&self) -> String {
        if self.words.is_empty() {
            self.ending.to_owned()
        } else {
            format!("{}: {}", self.ending, self.words)
        }
    }

    /// What it is for the event that it handled.
    pub(crate) const fn of_delivery(&self) -> DeliveryEnd {
        self.delivery
    }

    /// The same, told by somebody else.
    pub(crate) fn told_by(mut self, teller: Teller) -> Self {
        self.teller = teller;
        self
    }

    /// How it ended, as it is counted.
    fn outcome(&self) -> RunOutcome {
        self.ending.parse().unwrap_or(RunOutcome::Unknown)
    }

    fn describe(
        &self,
        event: NewEvent,
        execution: ExecutionId,
        lease: &ExecutionLease,
        now: Timestamp,
    ) -> NewEvent {
        let event = EventCause::mark(lease.cause, event);
        let event = match self.teller {
            Teller::Driver => event,
            Teller::Recovery => event.with("recovered", true),
        };
        of_lease(event, execution, lease)
            .with("outcome", self.ending)
            .with("why", self.words.as_str())
            .with("wall_us", self.usage.wall_us)
            .with("elapsed_us", elapsed_us(lease, now))
            .with("memory_bytes", self.usage.memory_bytes)
            .with("host_calls", self.usage.host_calls)
    }
}
