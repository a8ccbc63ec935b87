//! Starting and resuming.

use one_ontology::ThingId;
use plugin_runtime_api::RuntimeInfo;

use crate::machine::{Command, CommandKind, StateKind};
use crate::manager::refuse_held;
use crate::manager::write::still_held;
use crate::{ActivityKind, Breaker, Instance, ManagerError, Operation, Tenant};

impl Tenant {
    /// Starts an installed plugin, starts again one whose runtime failed, resumes a suspended one:
    /// writes what is intended, starts the runtime, writes what it consists of.
    ///
    /// # Errors
    /// `Denied`, `CommandRefused`, `InstanceNotFound`, `NoExecutor`, `ReleaseRevoked`; `Executor` with the plugin's own words when
    /// it does not start, and the instance rests in ERROR with the reason.
    pub async fn activate(&self, instance: ThingId) -> Result<RuntimeInfo, ManagerError> {
        let work = Box::pin(self.activate_unobserved(instance));
        self.observed(ActivityKind::Activate, Some(instance), work)
            .await
    }

    async fn activate_unobserved(&self, instance: ThingId) -> Result<RuntimeInfo, ManagerError> {
        let command = |state| match state {
            StateKind::Error => Command::Retry,
            StateKind::Suspended => Command::Resume,
            _ => Command::Activate,
        };
        self.start_by(instance, is_activating, command).await
    }

    /// Starts an instance by the command for its state, or goes on with such a start whose driver has gone silent.
    async fn start_by(
        &self,
        instance: ThingId,
        is_such_a_start: fn(&Instance) -> bool,
        command: fn(StateKind) -> Command,
    ) -> Result<RuntimeInfo, ManagerError> {
        self.allow(Operation::ActivatePluginForAgent)?;
        let found = self.load(instance).await?;
        self.refuse_foreign(&found.properties.engine)?;
        self.refuse_revoked_instance(&found).await?;
        let (begun, _) = self
            .rewrite(instance, |instance, now| {
                refuse_held(&instance.properties)?;
                if is_such_a_start(&instance) && instance.properties.is_abandoned(now) {
                    return self.take_over(instance, now);
                }
                let command = command(instance.properties.lifecycle.kind());
                self.begin_operation(instance, command, now)
            })
            .await?;
        self.bring_up(&begun).await
    }

    /// Starts a suspended plugin again.
    ///
    /// # Errors
    /// As [`Tenant::activate`]; `CommandRefused` unless it is suspended, or on its way from there.
    pub async fn resume(&self, instance: ThingId) -> Result<RuntimeInfo, ManagerError> {
        let work = Box::pin(self.resume_unobserved(instance));
        self.observed(ActivityKind::Resume, Some(instance), work)
            .await
    }

    async fn resume_unobserved(&self, instance: ThingId) -> Result<RuntimeInfo, ManagerError> {
        self.start_by(instance, is_resumed, |_| Command::Resume)
            .await
    }

    /// Starts the runtime of an activating instance and writes what it consists of, or that it did
    /// not start.
    pub(crate) async fn bring_up(&self, begun: &Instance) -> Result<RuntimeInfo, ManagerError> {
        match self.start_alone(begun).await {
            Ok(info) => {
                let written = self.activated(begun, &info).await;
                if matches!(written, Err(ManagerError::Superseded)) {
                    self.stop_overtaken(begun).await;
                }
                written?;
                Ok(info)
            }
            Err(error) => {
                self.not_started(begun, &error).await?;
                Err(error)
            }
        }
    }

    /// Starts the runtime of an instance when no other one of it runs any more.
    async fn start_alone(&self, begun: &Instance) -> Result<RuntimeInfo, ManagerError> {
        let grace = self.shared().policy.grace;
        self.stop_others(&begun.properties, grace).await?;
        self.start(begun, None).await
    }

    /// Stops what was started after somebody else had taken the operation over: under the fence of
    /// before, which cannot end what the successor runs.
    async fn stop_overtaken(&self, begun: &Instance) {
        let fence = begun.properties.fence;
        let found = self.find(begun.id).await;
        if found.is_ok_and(|row| row.is_none_or(|row| row.properties.fence > fence)) {
            drop(self.halt(begun).await);
        }
    }

    /// Writes that an instance did not start. Its answer may have been lost and not its start, or
    /// the start may still be on its way: a higher fence ends the one and keeps the other out. It
    /// is written first: whoever was overtaken holds no fence that could end what runs now.
    async fn not_started(
        &self,
        begun: &Instance,
        error: &ManagerError,
    ) -> Result<(), ManagerError> {
        let above = begun.properties.fence.next();
        let reason = self.words(begun).await.of_error(error);
        let (failed, _) = self
            .rewrite(begun.id, |instance, now| {
                still_held(&instance, begun)?;
                self.failed_step(instance, now, error.tag(), &reason, |p| p.fence = above)
            })
            .await?;
        // Whoever looks after instances in ERROR stops what cannot be stopped now.
        drop(self.halt(&failed).await);
        Ok(())
    }

    async fn activated(&self, started: &Instance, info: &RuntimeInfo) -> Result<(), ManagerError> {
        let described = info
            .plugins
            .iter()
            .find(|plugin| plugin.instance == started.id);
        let components = described.map(|d| d.components.clone()).unwrap_or_default();
        let count = components.len();
        let isolation = self.isolation(started);
        self.rewrite(started.id, |instance, now| {
            still_held(&instance, started)?;
            self.step(
                instance,
                Command::StepOk,
                now,
                |p| {
                    p.components = components.clone();
                    p.operation = None;
                    p.strays.clear();
                    p.breaker = Breaker::default();
                },
                |event| {
                    event
                        .with("components", count)
                        .with("engine", info.engine.as_str())
                        .with("isolation", isolation.as_str())
                        .with("start_ms", info.start_ms)
                },
            )
        })
        .await?;
        Ok(())
    }
}

fn is_activating(instance: &Instance) -> bool {
    instance.properties.lifecycle.kind() == StateKind::Activating
}

/// Whether an instance is on its way from a suspension.
fn is_resumed(instance: &Instance) -> bool {
    let operation = instance.properties.operation.as_ref();
    is_activating(instance)
        && operation.is_some_and(|operation| operation.command == CommandKind::Resume)
}
