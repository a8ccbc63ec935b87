//! Executing.

use one_ontology::{IdempotencyKey, Seq, ThingId, Timestamp};
use plugin_runtime_api::{
    Component, ComponentKind, ComponentName, ExecutionId, Invocation, Outcome,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::instance::ExecutionLease;
use crate::manager::end::End;
use crate::{AdmissionRefusal, Command, Instance, ManagerError, Tenant, admit};

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
    /// was run; `Executor` when the executor could not do its job, `LeaseTooShort` when it took so
    /// long to come to it that nothing was run, and the trail says that the execution failed;
    /// `InstanceNotFound`, `Store`.
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
            .await?
            .ok_or(ManagerError::Superseded)?;
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
            .rewrite(instance, |instance, now| {
                let id = instance.id;
                open_at(&instance, now)?;
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
                // Deciding again after an answer that was doubled must not begin it twice.
                step.changes = step.changes.once(key.clone());
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
        // Its lease may have run out while this host was asleep, and the execution have been ended:
        // then it must not be run any more.
        let limits = &self.shared().policy.limits;
        let longest = limits.timeout() + self.shared().policy.grace;
        if self.shared().now().plus(longest) > lease.lease_until {
            return Err(ManagerError::LeaseTooShort);
        }
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
}

/// Refuses while an instance is about to be changed. That ends by itself: whoever changes it may be gone.
fn open_at(instance: &Instance, now: Timestamp) -> Result<(), AdmissionRefusal> {
    match instance.properties.closed_until {
        Some(retry_at) if retry_at > now => Err(AdmissionRefusal::BeingChanged { retry_at }),
        Some(_) | None => Ok(()),
    }
}
