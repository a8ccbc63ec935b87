//! Executing.

use std::pin::pin;
use std::time::Duration;

use futures::future::{Either, select};
use one_ontology::{IdempotencyKey, Seq, ThingId, Timestamp};
use plugin_registry::Sensitivity;
use plugin_runtime_api::{
    Component, ComponentKind, ComponentName, Ending, ExecutionId, ExecutorError, Invocation,
    Limits, Outcome, Usage,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::agents::seat_of;
use crate::hollow::judged;
use crate::instance::ExecutionLease;
use crate::manager::again::Again;
use crate::manager::end::{End, LastSeen, of_agent};
use crate::manager::handle::Stop;
use crate::manager::host::runtime_in;
use crate::manager::hosting;
use crate::manager::write::Step;
use crate::{
    ActivityKind, AdmissionRefusal, Command, EventCause, Hold, Instance, ManagerError, Priority,
    RecordedInput, Reuse, Reused, Tenant, admit,
};

/// A call of one component of an instance.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// What kind of component.
    pub kind: ComponentKind,
    /// Its exact name.
    pub component: ComponentName,
    /// Its input (see [`Invocation::input`]).
    pub input: Value,
    /// How long it may take; `limits.timeout_ms` of the policy if none.
    pub timeout: Option<Duration>,
    /// The execution that it repeats, for the trail.
    pub repeats: Option<ExecutionId>,
    /// Whether the result of an earlier execution will do.
    pub reuse: Reuse,
    /// Whether it waits for a place where as many are under way as may be, and how urgently; if
    /// none, it is refused then.
    pub waits: Option<Priority>,
    /// The agent that it runs for; none for the one that every organisation has.
    pub agent: Option<ThingId>,
}

impl Call {
    /// A call of an action.
    ///
    /// # Errors
    /// The name is none.
    pub fn action(name: &str, input: Value) -> Result<Self, one_ontology::InvalidValue> {
        Self::of(ComponentKind::Action, name, input)
    }

    /// A call of any kind of component.
    ///
    /// # Errors
    /// The name is none.
    pub fn of(
        kind: ComponentKind,
        name: &str,
        input: Value,
    ) -> Result<Self, one_ontology::InvalidValue> {
        Ok(Self {
            kind,
            component: name.parse()?,
            input,
            timeout: None,
            repeats: None,
            reuse: Reuse::Never,
            waits: None,
            agent: None,
        })
    }

    /// The same, for an agent that may use the plugin: with its character, its settings, its memories.
    #[must_use]
    pub const fn for_agent(mut self, agent: ThingId) -> Self {
        self.agent = Some(agent);
        self
    }

    /// The same, with so much time for each attempt.
    #[must_use]
    pub const fn within(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// The same, which waits for a place where there is none.
    #[must_use]
    pub const fn waiting(mut self, priority: Priority) -> Self {
        self.waits = Some(priority);
        self
    }

    /// The same, for which the result of an earlier execution may do.
    #[must_use]
    pub const fn reusing(mut self, reuse: Reuse) -> Self {
        self.reuse = reuse;
        self
    }
}

/// An execution that has ended, with its receipt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Execution {
    /// Which.
    pub execution: ExecutionId,
    /// How it ended.
    pub outcome: Outcome,
    /// How often it was tried; what it used, and how it ended, is of the last time.
    pub attempts: u32,
    /// The number of the event that says it began.
    pub began: Seq,
    /// The number of the event that says how it ended.
    pub ended: Seq,
    /// That it is an earlier one, whose result is used again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reused: Option<Reused>,
}

/// Names an execution.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) execution: ExecutionId,
    /// Names its first attempt to the executor: what is known under it is not run again.
    pub(crate) key: IdempotencyKey,
    /// The delivery that it is, if it handles an event.
    pub(crate) cause: Option<EventCause>,
}

/// An execution that has been written as begun, and whoever holds it is to run.
pub(crate) struct Begun {
    pub(crate) instance: Instance,
    pub(crate) call: Call,
    pub(crate) execution: ExecutionId,
    pub(crate) lease: ExecutionLease,
    pub(crate) began: Seq,
    pub(crate) stop: Stop,
    pub(crate) doubt: Doubt,
}

/// Whether its code may have run without anybody knowing how that ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doubt {
    None,
    MayHaveRun,
}

impl Begun {
    /// An execution of an instance as it was written.
    pub(crate) fn of(
        instance: Instance,
        call: Call,
        execution: ExecutionId,
        began: Seq,
    ) -> Result<Self, ManagerError> {
        let lease = instance.properties.executions.get(&execution).cloned();
        Ok(Self {
            lease: lease.ok_or(ManagerError::Superseded)?,
            instance,
            call,
            execution,
            began,
            stop: Stop::never(),
            doubt: Doubt::None,
        })
    }
}

impl Tenant {
    /// Runs an action and gives its outcome: succeeded with output, refused by the plugin's own
    /// `validate`, failed, timed out, out of memory, crashed or cancelled.
    ///
    /// # Errors
    /// As [`Tenant::call`].
    pub async fn execute(
        &self,
        instance: ThingId,
        action: &str,
        input: Value,
    ) -> Result<Outcome, ManagerError> {
        let call = Call::action(action, input)?;
        Ok(self.call(instance, call).await?.outcome)
    }

    /// Runs any component: admits it, writes that it begins, runs it, writes how it ended. What
    /// timed out, crashed or met an executor that was not there is tried again, if the component
    /// says that repeating it does no harm and the host has a timer. Where the call says so
    /// ([`Call::reusing`]) and the component only reads, the result of an earlier execution will do.
    ///
    /// # Errors
    /// `Admission` (state, role, permission, name, time, breaker, agent, rate window, daily quota,
    /// bulkhead), and nothing was run; `Executor` when the executor could not do its job,
    /// `LeaseTooShort` when it took so long to come to it that nothing was run, and the trail says
    /// that the execution failed; `InstanceNotFound`, `Store`.
    pub async fn call(&self, instance: ThingId, call: Call) -> Result<Execution, ManagerError> {
        let work = Box::pin(self.call_or_reuse(instance, call));
        self.observed(ActivityKind::Execute, Some(instance), work)
            .await
    }

    /// Runs a call, whatever there is to be used again.
    pub(crate) async fn run_through(
        &self,
        instance: ThingId,
        call: Call,
    ) -> Result<Execution, ManagerError> {
        let begun = self.begin(instance, call).await?;
        self.drive(begun).await
    }

    /// Admits a call and writes that it begins.
    pub(crate) async fn begin_now(
        &self,
        instance: ThingId,
        call: &Call,
    ) -> Result<Begun, ManagerError> {
        let request = self.new_request(None)?;
        self.begin_as(instance, call.clone(), &request).await
    }

    /// A request of its own, whose key nobody has used.
    pub(crate) fn new_request(&self, cause: Option<EventCause>) -> Result<Request, ManagerError> {
        let execution = ExecutionId::from_uuid(self.shared().ids.next(self.shared().now()));
        Ok(Request {
            execution,
            key: key_of(execution, 1)?,
            cause,
        })
    }

    /// As [`Tenant::begin_now`], under a name of the caller's.
    pub(crate) async fn begin_as(
        &self,
        instance: ThingId,
        call: Call,
        request: &Request,
    ) -> Result<Begun, ManagerError> {
        match self.begin_execution(instance, &call, request).await {
            // Whoever drove the executions under way may be gone: then their places are free.
            Err(ManagerError::Admission(AdmissionRefusal::BulkheadFull { .. }))
                if self.close_abandoned().await? > 0 =>
            {
                self.begin_execution(instance, &call, request).await
            }
            other => other,
        }
    }

    /// Runs what has begun, as often as it may, and writes how it ended.
    pub(crate) async fn drive(&self, mut begun: Begun) -> Result<Execution, ManagerError> {
        let words = self.words(&begun.instance).await;
        let mut before: Option<Outcome> = None;
        let result = loop {
            let result = match (self.run(&mut begun).await, &before) {
                // The last that came to run says how it ended.
                (Err(_), Some(outcome)) if begun.doubt == Doubt::None => {
                    break Ok(outcome.clone());
                }
                (result, _) => result,
            };
            // What cannot be written as tried again ends as it is.
            match self.again(&mut begun, &result).await {
                Ok(Again::Yes) => before = result.ok().or(before),
                Ok(Again::No) | Err(_) => break result,
            }
        };
        let end = End::of(&result, words).with(begun.doubt);
        let seen = LastSeen::then(begun.instance);
        let ended = self
            .end_execution(seen, begun.execution, &begun.lease, &end, None)
            .await;
        let shared = self.shared();
        let policy = &shared.policy.queue;
        shared.lines.call_first(self.group_id(), policy);
        let ended = ended?.ok_or(ManagerError::Superseded)?;
        Ok(Execution {
            execution: begun.execution,
            outcome: result?,
            attempts: begun.lease.attempt,
            began: begun.began,
            ended: ended.seq,
            reused: None,
        })
    }

    async fn begin_execution(
        &self,
        instance: ThingId,
        call: &Call,
        request: &Request,
    ) -> Result<Begun, ManagerError> {
        let character = self.character_revision(call.agent).await?;
        let (running, receipt) = self
            .rewrite(instance, |instance, now| {
                self.begin_step(instance, call, request, character, now)
            })
            .await?;
        self.begins_here(&running, request.execution);
        Begun::of(running, call.clone(), request.execution, receipt.first)
    }

    /// Keeps in mind that this host has begun an execution.
    pub(crate) fn begins_here(&self, instance: &Instance, execution: ExecutionId) {
        let leases = &instance.properties.executions;
        let seat = leases.get(&execution).and_then(|lease| lease.seat.as_ref());
        let begun = hosting::Begun {
            group: self.group_id(),
            instance: instance.id,
            runtime: runtime_in(instance, seat),
        };
        self.shared().hosting.begins(execution, begun);
    }

    /// What begins an execution, if it is admitted; for an agent, whose newest character that is.
    pub(crate) fn begin_step(
        &self,
        instance: Instance,
        call: &Call,
        request: &Request,
        character: Option<u64>,
        now: Timestamp,
    ) -> Result<Step, ManagerError> {
        open_at(&instance, now)?;
        let timeout = self.timeout_of(call)?;
        let admitted = admit(
            &self.scope,
            &instance,
            self.group.plan,
            &self.shared().policy,
            now,
            call.kind,
            &call.component,
        )?;
        let seat = call.agent.map(|agent| seat_of(&instance, agent, character));
        let mut lease = self.lease(&admitted.component, request, timeout, now);
        lease.timeout_ms = call.timeout.map(in_ms);
        lease.input = Some(recorded(&instance, &call.input));
        lease.seat = seat.transpose()?;
        let mut step = self.step(
            instance,
            Command::BeginExecution,
            now,
            |p| {
                if let Some(seat) = &lease.seat {
                    p.take_seat(seat);
                }
                p.executions.insert(request.execution, lease);
            },
            |event| {
                let event = of_agent(event, call.agent)
                    .with("execution", request.execution.to_string())
                    .with("kind", call.kind.as_str())
                    .with("component", call.component.as_str());
                let event = EventCause::mark(request.cause, event);
                match call.repeats {
                    Some(before) => event.with("repeats", before.to_string()),
                    None => event,
                }
            },
        )?;
        for spend in admitted.spends {
            step.changes = step.changes.spend(spend);
        }
        // Deciding again after an answer that was doubled must not begin it twice.
        step.changes = step.changes.once(key_of(request.execution, 1)?);
        Ok(step)
    }

    /// How long one attempt of a call may take.
    pub(crate) fn timeout_of(&self, call: &Call) -> Result<Duration, AdmissionRefusal> {
        let policy = &self.shared().policy;
        let Some(asked) = call.timeout else {
            return Ok(policy.limits.timeout());
        };
        let longest = policy.runtime_limits().timeout();
        if asked > longest {
            return Err(AdmissionRefusal::DeadlineTooLong { asked, longest });
        }
        Ok(asked)
    }

    /// How long an attempt may take at most, from when it may begin: a runtime may have to be
    /// started first, and stopped by force afterwards.
    pub(crate) fn longest(&self, timeout: Duration) -> Duration {
        let policy = &self.shared().policy;
        policy.limits.start() + timeout + policy.grace
    }

    fn lease(
        &self,
        component: &Component,
        request: &Request,
        timeout: Duration,
        now: Timestamp,
    ) -> ExecutionLease {
        ExecutionLease {
            kind: component.kind,
            component: component.name.clone(),
            effect: component.effect,
            key: request.key.clone(),
            cause: request.cause,
            timeout_ms: None,
            attempt: 1,
            cancel_asked: None,
            input: None,
            seat: None,
            began: now,
            lease_until: now.plus(self.longest(timeout)),
        }
    }

    pub(crate) async fn run(&self, begun: &mut Begun) -> Result<Outcome, ManagerError> {
        if begun.stop.is_asked() {
            return Ok(cancelled());
        }
        self.make_ready(begun).await?;
        let has_waited =
            begun.lease.attempt > 1 || self.shared().now().since(begun.lease.began) > SOON;
        if begun.stop.is_asked() || has_waited && self.end_was_asked(begun).await? {
            return Ok(cancelled());
        }
        let Begun {
            instance,
            call,
            lease,
            stop,
            doubt,
            ..
        } = begun;
        // Its lease may have run out while this host was asleep, and the execution have been ended:
        // then it must not be run any more.
        let timeout = self.timeout_of(call)?;
        let longest = timeout + self.shared().policy.grace;
        if self.shared().now().plus(longest) > lease.lease_until {
            return Err(ManagerError::LeaseTooShort);
        }
        let carries = match lease.attempt {
            1 => None,
            _ => Some(key_of(begun.execution, 1)?),
        };
        let invocation = Invocation {
            execution: begun.execution,
            key: lease.key.clone(),
            carries,
            fence: instance.properties.fence,
            instance: instance.id,
            plugin: instance.properties.npm_package.clone(),
            kind: call.kind,
            component: call.component.clone(),
            input: call.input.clone(),
            timeout_ms: in_ms(timeout).min(Limits::LONGEST_MS),
            effect: lease.effect,
        };
        let runtime = runtime_in(instance, lease.seat.as_ref());
        let executor = &self.shared().executor;
        let invoked = executor.invoke(&runtime, invocation);
        let outcome = match select(invoked, pin!(stop.asked())).await {
            Either::Left((outcome, _)) => outcome,
            Either::Right(((), invoked)) => {
                drop(executor.cancel(&runtime, &begun.execution).await);
                invoked.await
            }
        };
        let outcome = match outcome {
            // Its answer may have been lost, and not the request.
            Err(error @ ExecutorError::Unavailable { .. }) => {
                match executor.outcome(&lease.key).await {
                    Ok(Some(known)) => known,
                    Ok(None) | Err(_) => {
                        *doubt = Doubt::MayHaveRun;
                        return Err(error.into());
                    }
                }
            }
            other => other?,
        };
        *doubt = Doubt::None;
        Ok(judged(call.kind, &call.component, outcome))
    }
}

/// What begins to run within this of being written as begun is not read again before.
const SOON: Duration = Duration::from_millis(100);

/// The outcome of what was cancelled before it ran.
fn cancelled() -> Outcome {
    Outcome {
        ending: Ending::Cancelled,
        usage: Usage::default(),
    }
}

/// What is kept of the input of a call of this instance.
fn recorded(instance: &Instance, input: &Value) -> RecordedInput {
    let parameters = instance.properties.parameters.iter();
    let secret = parameters.filter(|it| it.sensitivity == Sensitivity::Secret);
    let names: Vec<&str> = secret.map(|it| it.name.as_str()).collect();
    RecordedInput::of(input, &names)
}

/// The name of the request that one attempt of an execution makes of the executor.
pub(crate) fn key_of(
    execution: ExecutionId,
    attempt: u32,
) -> Result<IdempotencyKey, one_ontology::InvalidValue> {
    match attempt {
        1 => format!("execution:{execution}").parse(),
        _ => format!("execution:{execution}:{attempt}").parse(),
    }
}

/// Refuses while an instance is about to be changed. That ends by itself: whoever changes it may be gone.
fn open_at(instance: &Instance, now: Timestamp) -> Result<(), AdmissionRefusal> {
    match instance.properties.held_back(now) {
        Some(Hold { until, .. }) => Err(AdmissionRefusal::BeingChanged { retry_at: until }),
        None => Ok(()),
    }
}

fn in_ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
