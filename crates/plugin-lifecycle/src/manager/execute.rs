//! Executing.

use one_ontology::{IdempotencyKey, PluginEventType, Seq, StoreError, ThingId, Timestamp};
use plugin_runtime_api::{
    Component, ComponentKind, ComponentName, Ending, ExecutionId, Invocation, Outcome,
    RuntimeStatus,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::instance::{ExecutionLease, TooMany};
use crate::manager::host::Words;
use crate::manager::write::{Step, untyped};
use crate::{
    AdmissionRefusal, Command, ExecutionEnd, Instance, ManagerError, State, StateKind, Tenant,
    admit,
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
        })
    }
}

/// An execution that has ended, with its receipt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Execution {
    /// Which.
    pub execution: ExecutionId,
    /// How it ended.
    pub outcome: Outcome,
    /// The number of the event that says it began.
    pub began: Seq,
    /// The number of the event that says how it ended.
    pub ended: Seq,
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

    /// Runs any component: admits it, writes that it begins, runs it, writes how it ended.
    ///
    /// # Errors
    /// `Admission` (state, role, permission, name, rate window, daily quota, bulkhead), and nothing
    /// was run; `Executor` when the executor could not do its job, and the trail says that the
    /// execution failed; `InstanceNotFound`, `Store`.
    pub async fn call(&self, instance: ThingId, call: Call) -> Result<Execution, ManagerError> {
        let execution = ExecutionId::from_uuid(self.shared().ids.next(self.shared().now()));
        let key: IdempotencyKey = format!("execution:{execution}").parse()?;
        let begun = self.begin_execution(instance, &call, execution, &key).await;
        let (running, began) = match begun {
            // Whoever drove the executions under way may be gone: then their places are free.
            Err(ManagerError::Admission(AdmissionRefusal::BulkheadFull { .. }))
                if self.close_abandoned().await? > 0 =>
            {
                self.begin_execution(instance, &call, execution, &key)
                    .await?
            }
            other => other?,
        };
        let words = self.words(&running).await;
        let lease = running.properties.executions.get(&execution).cloned();
        let lease = lease.ok_or(ManagerError::Superseded)?;
        let result = self.run(&running, &call, execution, &lease).await;
        let ended = self
            .end_execution(instance, execution, &lease, &End::of(&result, words))
            .await?;
        Ok(Execution {
            execution,
            outcome: result?,
            began,
            ended,
        })
    }

    async fn begin_execution(
        &self,
        instance: ThingId,
        call: &Call,
        execution: ExecutionId,
        key: &IdempotencyKey,
    ) -> Result<(Instance, Seq), ManagerError> {
        let policy = &self.shared().policy;
        let (running, receipt) = self
            .update(instance, |instance, now| {
                let id = instance.id;
                let admitted = admit(
                    &self.scope,
                    id,
                    &instance.properties,
                    self.group.plan,
                    policy,
                    call.kind,
                    &call.component,
                )?;
                let lease = self.lease(&admitted.component, key, now);
                let mut step = self.step(
                    instance,
                    Command::BeginExecution,
                    now,
                    |p| drop(p.executions.insert(execution, lease)),
                    |event| {
                        event
                            .with("execution", execution.to_string())
                            .with("kind", call.kind.as_str())
                            .with("component", call.component.as_str())
                    },
                )?;
                for spend in admitted.spends {
                    step.changes = step.changes.spend(spend);
                }
                Ok(step)
            })
            .await?;
        Ok((running, receipt.first))
    }

    fn lease(&self, component: &Component, key: &IdempotencyKey, now: Timestamp) -> ExecutionLease {
        let policy = &self.shared().policy;
        // A runtime may have to be started first, and stopped by force afterwards.
        let longest = policy.limits.start() + policy.limits.timeout() + policy.grace;
        ExecutionLease {
            kind: component.kind,
            component: component.name.clone(),
            effect: component.effect,
            key: key.clone(),
            began: now,
            lease_until: now.plus(longest),
        }
    }

    async fn run(
        &self,
        instance: &Instance,
        call: &Call,
        execution: ExecutionId,
        lease: &ExecutionLease,
    ) -> Result<Outcome, ManagerError> {
        self.ensure_running(instance).await?;
        let invocation = Invocation {
            execution,
            key: lease.key.clone(),
            fence: instance.properties.fence,
            instance: instance.id,
            plugin: instance.properties.npm_package.clone(),
            kind: call.kind,
            component: call.component.clone(),
            input: call.input.clone(),
            timeout_ms: self.shared().policy.limits.timeout_ms,
            effect: lease.effect,
        };
        let runtime = instance.properties.runtime;
        Ok(self.shared().executor.invoke(&runtime, invocation).await?)
    }

    /// Writes how an execution ended, whatever has become of its instance meanwhile, and stops an
    /// instance that had one error too many.
    async fn end_execution(
        &self,
        instance: ThingId,
        execution: ExecutionId,
        lease: &ExecutionLease,
        end: &End,
    ) -> Result<Seq, ManagerError> {
        // Not knowing must not keep the end from being written: a crash was reported.
        let crashed = end.crashed && self.runtime_is_down(instance).await.unwrap_or(true);
        for _ in 0..self.shared().policy.attempts {
            let found = self.load(instance).await?;
            let now = self.shared().now();
            // Who takes a lease away gives its place back, once: here, or whoever closed it before.
            let mut freed = Vec::new();
            if let Some(own) = found.properties.executions.get(&execution) {
                freed.push(own.began);
                if crashed && found.properties.lifecycle.kind() == StateKind::Executing {
                    let others = found.properties.executions.iter();
                    freed.extend(
                        others
                            .filter(|(id, _)| **id != execution)
                            .map(|(_, l)| l.began),
                    );
                }
            }
            let ended = self.ending(found, execution, lease, end, crashed, now)?;
            let mut changes = ended.changes;
            for began in freed {
                changes = changes.settle(self.leave_bulkhead(began)?);
            }
            match self.shared().store.commit(changes).await {
                Ok(receipt) => {
                    let mut stopped = ended.instance;
                    stopped.revision = stopped.revision.next();
                    // Suspended for its errors: no command waits for the last execution, so the
                    // last execution stops the runtime.
                    let suspending = matches!(
                        stopped.properties.lifecycle,
                        State::Deactivating {
                            then: crate::After::Suspended,
                            in_flight: 0
                        }
                    );
                    if suspending && stopped.properties.operation.is_none() {
                        self.drain(&stopped).await?;
                    }
                    return Ok(receipt.head.seq);
                }
                Err(StoreError::Stale { .. } | StoreError::Busy { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(ManagerError::Contended {
            attempts: self.shared().policy.attempts,
        })
    }

    async fn runtime_is_down(&self, instance: ThingId) -> Result<bool, ManagerError> {
        let runtime = self.load(instance).await?.properties.runtime;
        let status = self.shared().executor.status(&runtime).await?;
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
                changes: one_ontology::ChangeSet::new(&self.scope, event, now),
                instance,
            });
        }
        let policy = &self.shared().policy;
        let errors = instance.properties.errors.clone();
        let (errors, command) = if end.failed {
            let (errors, too_many) = errors.after_error(policy, now);
            let command = match too_many {
                TooMany::Yes => Command::EndExecution(ExecutionEnd::ErrAtLimit),
                TooMany::No => Command::EndExecution(ExecutionEnd::Err),
            };
            (errors, command)
        } else {
            (
                errors.after_success(),
                Command::EndExecution(ExecutionEnd::Ok),
            )
        };
        let too_many = command == Command::EndExecution(ExecutionEnd::ErrAtLimit);
        let executing = instance.properties.lifecycle.kind() == StateKind::Executing;
        let describe = |event: one_ontology::NewEvent| end.describe(event, execution, lease, now);
        let edit = |p: &mut crate::PluginInstance| {
            p.executions.remove(&execution);
            p.errors = errors;
            // Whoever brings it elsewhere already acts under its own fence.
            if too_many && executing {
                p.reason = Some(format!("{} errors in a row", p.errors.in_a_row));
                p.fence = p.fence.next();
            }
        };
        match instance.properties.lifecycle.kind() {
            StateKind::Executing if crashed => {
                let mut step = self.step(instance, Command::RuntimeCrashed, now, edit, describe)?;
                step.instance.properties.executions.clear();
                step.instance.properties.reason = Some(end.words.clone());
                step.changes = self.changes(&step.instance, step.transition, now, |event| {
                    end.describe(event, execution, lease, now)
                })?;
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
                let changes = one_ontology::ChangeSet::new(&self.scope, event, now)
                    .replace(untyped(&instance)?);
                Ok(Ended { instance, changes })
            }
        }
    }
}

/// What the end of an execution makes of its instance; not always a transition, because an
/// execution also ends when its instance is on its way elsewhere.
struct Ended {
    instance: Instance,
    changes: one_ontology::ChangeSet,
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
struct End {
    ending: &'static str,
    words: String,
    failed: bool,
    crashed: bool,
    usage: plugin_runtime_api::Usage,
}

impl End {
    fn of(result: &Result<Outcome, ManagerError>, recorded: Words) -> Self {
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
                    ending: outcome.ending.name(),
                    words,
                    failed: matches!(
                        outcome.ending,
                        Ending::Failed { .. }
                            | Ending::TimedOut { .. }
                            | Ending::OutOfMemory { .. }
                            | Ending::Crashed { .. }
                    ),
                    crashed: matches!(outcome.ending, Ending::Crashed { .. }),
                    usage: outcome.usage,
                }
            }
            Err(error) => Self {
                ending: "not_run",
                words: error.tag().to_owned(),
                failed: true,
                crashed: false,
                usage: plugin_runtime_api::Usage::default(),
            },
        }
    }

    fn describe(
        &self,
        event: one_ontology::NewEvent,
        execution: ExecutionId,
        lease: &ExecutionLease,
        now: Timestamp,
    ) -> one_ontology::NewEvent {
        let elapsed = now.since(lease.began);
        event
            .with("execution", execution.to_string())
            .with("kind", lease.kind.as_str())
            .with("component", lease.component.as_str())
            .with("outcome", self.ending)
            .with("why", self.words.as_str())
            .with("wall_us", self.usage.wall_us)
            .with(
                "elapsed_us",
                u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX),
            )
            .with("memory_bytes", self.usage.memory_bytes)
            .with("host_calls", self.usage.host_calls)
    }
}
