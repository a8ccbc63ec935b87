//! Changes of version under way: forth, and back.

use std::collections::BTreeSet;

use one_ontology::{PluginEventType, ThingId, Timestamp};
use plugin_registry::{ProgressSink, Silent};
use plugin_runtime_api::{Component, Permissions, RuntimeId};

use crate::manager::install::{can_be_needed, removed};
use crate::manager::kept::{Reconnected, archived};
use crate::manager::update::outdated;
use crate::manager::write::{Step, still_held, untyped};
use crate::{
    Breaking, Change, ChangePart, Command, Edition, ErrorWindow, Instance, ManagerError,
    PendingOperation, Phase, PluginInstance, Ran, Snapshot, State, StateKind, Tenant, widened,
};

impl Tenant {
    /// Does what is left of a change of version. Where the new version cannot be had, brings back the one of
    /// before.
    pub(crate) async fn change(
        &self,
        begun: Instance,
        progress: &dyn ProgressSink,
    ) -> Result<(), ManagerError> {
        if begun.properties.lifecycle.kind() == StateKind::RollingBack {
            return self.go_back(begun, progress).await;
        }
        let error = match self.carry(&begun, progress).await {
            Ok(()) => return Ok(()),
            Err(ManagerError::Superseded) => return Err(ManagerError::Superseded),
            Err(error) => error,
        };
        let to = change_of(&begun)?.to.version.clone();
        let Ok(back) = self.turn_back(&begun, &error).await else {
            // The first error is the one to tell; whoever recovers goes on.
            return Err(error);
        };
        self.go_back(back, &Silent).await?;
        Err(ManagerError::UpdateRolledBack {
            package: begun.properties.npm_package.clone(),
            from: begun.properties.version.clone(),
            to,
            cause: Box::new(error),
        })
    }

    /// Gives up a change whose drivers went silent too often: brings back the version of before, and where
    /// that was under way, writes that it failed.
    pub(crate) async fn give_up_change(
        &self,
        instance: &Instance,
        error: ManagerError,
    ) -> Result<(), ManagerError> {
        let found = self.load(instance.id).await?;
        still_held(&found, instance)?;
        if !found.properties.is_abandoned(self.shared().now()) {
            return Err(ManagerError::Superseded);
        }
        if found.properties.lifecycle.kind() == StateKind::RollingBack {
            return self.write_failed_rollback(&found, &error).await;
        }
        let back = self.turn_back(&found, &error).await?;
        match self.go_back(back, &Silent).await {
            // That is an end, and in its row and trail.
            Err(ManagerError::RollbackFailed { .. }) | Ok(()) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn go_back(
        &self,
        begun: Instance,
        progress: &dyn ProgressSink,
    ) -> Result<(), ManagerError> {
        let error = match self.carry(&begun, progress).await {
            Ok(()) => return Ok(()),
            Err(ManagerError::Superseded) => return Err(ManagerError::Superseded),
            Err(error) => error,
        };
        let version = change_of(&begun)?.to.version.clone();
        match self.write_failed_rollback(&begun, &error).await {
            Ok(()) => Err(ManagerError::RollbackFailed {
                package: begun.properties.npm_package.clone(),
                version,
                cause: Box::new(error),
            }),
            // Whoever recovers goes on.
            Err(_) => Err(error),
        }
    }

    /// Does the parts that are left, each written before it is done, and writes that the version is changed.
    async fn carry(
        &self,
        begun: &Instance,
        progress: &dyn ProgressSink,
    ) -> Result<(), ManagerError> {
        let mut at = begun.clone();
        loop {
            let change = change_of(&at)?;
            if has_run(&at) && change.part != ChangePart::Fetch {
                // It may have been revoked since that was asked first, and before its row says that it is changed.
                let package = &at.properties.npm_package;
                self.refuse_revoked(change.to.releases(package)).await?;
            }
            at = match change.part {
                ChangePart::Fetch => self.fetch_version(&at, change, progress).await?,
                ChangePart::Start => self.start_version(&at, change).await?,
                ChangePart::Retire => {
                    if has_run(&at) {
                        // Whoever took it over starts it under a fence of its own.
                        self.ensure_running(&becoming(&at, change), None).await?;
                    }
                    self.retire(&at, change).await?;
                    return self.write_changed(&at).await;
                }
            };
        }
    }

    async fn fetch_version(
        &self,
        at: &Instance,
        change: &Change,
        progress: &dyn ProgressSink,
    ) -> Result<Instance, ManagerError> {
        let engine = &at.properties.engine;
        let artifact = match (&change.to.artifact, change.to.packages.as_slice()) {
            (Some(artifact), []) => artifact.clone(),
            (_, packages) => self.stage_packages(engine, packages, progress).await?,
        };
        let part = if has_run(at) {
            ChangePart::Start
        } else {
            ChangePart::Retire
        };
        self.go_on(at, part, |to| to.artifact = Some(artifact.clone()))
            .await
    }

    /// Starts the version that an instance becomes, beside the one that is there.
    async fn start_version(
        &self,
        at: &Instance,
        change: &Change,
    ) -> Result<Instance, ManagerError> {
        let info = self.start(&becoming(at, change), None).await?;
        let own = info.plugins.into_iter().find(|it| it.instance == at.id);
        let components = own.map(|own| own.components).unwrap_or_default();
        if at.properties.lifecycle.kind() == StateKind::Updating {
            refuse_widened(at, change, &components)?;
        }
        self.go_on(at, ChangePart::Retire, |to| {
            to.components.clone_from(&components);
        })
        .await
    }

    /// Stops the runtimes that are left, those of agents, which are started in the new version when they are
    /// next used, and strays, which run old code.
    async fn retire(&self, at: &Instance, change: &Change) -> Result<(), ManagerError> {
        let (executor, grace) = (&self.shared().executor, self.shared().policy.grace);
        for runtime in &change.leave {
            executor.stop(runtime, at.properties.fence, grace).await?;
        }
        Ok(self.stop_others(&at.properties, grace).await?)
    }

    /// Writes which part comes next, with a lease for it.
    async fn go_on(
        &self,
        at: &Instance,
        part: ChangePart,
        edit: impl Fn(&mut Edition),
    ) -> Result<Instance, ManagerError> {
        let (at, _) = self
            .rewrite(at.id, |mut found, now| {
                still_held(&found, at)?;
                let mut change = change_of(&found)?.clone();
                change.part = part;
                edit(&mut change.to);
                let phase = Phase::Change(Box::new(change));
                let lease_until = now.plus(self.lease_of(&phase));
                let operation = found.properties.operation.as_mut();
                let operation = operation.ok_or(ManagerError::Superseded)?;
                operation.phase = Some(phase);
                operation.lease_until = lease_until;
                let command = operation.command;
                let event = self
                    .event(PluginEventType::PluginOperationStarted, &found, now)
                    .with("operation", command.as_str())
                    .with("part", part.as_str());
                self.beside(found, event, now)
            })
            .await?;
        Ok(at)
    }

    /// Writes that a version cannot be had, and that the one of before is to be brought back: under a higher
    /// fence, which keeps out whatever of the new one is still on its way.
    async fn turn_back(
        &self,
        begun: &Instance,
        error: &ManagerError,
    ) -> Result<Instance, ManagerError> {
        let needs = self.needs_of(begun.id).await?;
        let needs: Vec<ThingId> = needs.into_iter().map(|(_, to)| to).collect();
        let reason = self.words(begun).await.of_error(error);
        let (back, _) = self
            .rewrite(begun.id, |found, now| {
                still_held(&found, begun)?;
                let change = back_from(&found, needs.clone())?;
                let held = found.properties.operation.clone();
                let held = held.ok_or(ManagerError::Superseded)?;
                let fence = found.properties.fence.next();
                let phase = Phase::Change(Box::new(change));
                let operation = PendingOperation {
                    attempt: 1,
                    lease_until: now.plus(self.lease_of(&phase)),
                    fence,
                    phase: Some(phase),
                    ..held
                };
                self.step(
                    found,
                    Command::StepFailed,
                    now,
                    |p| {
                        p.fence = fence;
                        p.reason = Some(reason.clone());
                        p.operation = Some(operation);
                    },
                    |event| {
                        event
                            .with("error", error.tag())
                            .with("reason", reason.as_str())
                    },
                )
            })
            .await?;
        Ok(back)
    }

    async fn write_changed(&self, begun: &Instance) -> Result<(), ManagerError> {
        let change = change_of(begun)?;
        self.write_end(begun, change, &change.to.needs, |found, now| {
            let (from, to) = (found.properties.version.clone(), &change.to.version);
            let forth = found.properties.lifecycle.kind() == StateKind::Updating;
            let edit = |p: &mut PluginInstance| {
                change.to.apply(p);
                p.operation = None;
                p.strays.clear();
                p.errors = ErrorWindow::default();
                if forth {
                    p.reason = None;
                }
            };
            self.step(found, Command::StepOk, now, edit, |event| {
                event.with("from", from.as_str()).with("to", to.as_str())
            })
        })
        .await
    }

    /// Writes that the version to go back to does not run either, and stops what does.
    async fn write_failed_rollback(
        &self,
        begun: &Instance,
        error: &ManagerError,
    ) -> Result<(), ManagerError> {
        let reason = self.words(begun).await.of_error(error);
        let change = change_of(begun)?;
        let needs = self.still_there(&change.to.needs).await?;
        self.write_end(begun, change, &needs, |found, now| {
            let fence = found.properties.fence.next();
            let strays = strays(&found.properties, change);
            self.failed_step(found, now, error.tag(), &reason, |p| {
                change.to.apply(p);
                p.fence = fence;
                p.strays = strays;
            })
        })
        .await?;
        // Whoever looks after instances in ERROR stops what cannot be stopped now.
        // Under the fence that was written and no higher: somebody may have started it since.
        let above = begun.properties.fence.next();
        if let Some(failed) = self.find(begun.id).await?
            && failed.properties.fence == above
            && failed.properties.lifecycle == State::Error
        {
            drop(self.halt(&failed).await);
        }
        Ok(())
    }

    /// Writes the end of a change together with the connections that come of it, and without the
    /// snapshots that are not kept any more.
    async fn write_end(
        &self,
        begun: &Instance,
        change: &Change,
        needs: &[ThingId],
        decide: impl Fn(Instance, Timestamp) -> Result<Step, ManagerError>,
    ) -> Result<(), ManagerError> {
        let connected = Reconnected::between(&self.needs_of(begun.id).await?, needs);
        let spent = self.spent_snapshots(begun, change).await?;
        let mut ids = vec![begun.id];
        ids.extend(&connected.fresh);
        self.rewrite_all(&ids, |mut found, now| {
            let needed = found.split_off(1);
            let own = found.pop().flatten().ok_or(ManagerError::Superseded)?;
            still_held(&own, begun)?;
            let mut changes = decide(own, now)?.changes;
            for needed in needed {
                let needed = needed.filter(can_be_needed).ok_or_else(removed)?;
                // Written as it is: whoever removes it has read who needs it, and must read again.
                changes = changes.replace(untyped(&needed)?);
            }
            let ids = self.shared().ids.as_ref();
            changes = connected.write(changes, &self.scope, begun.id, ids);
            Ok(Some(spent.iter().fold(changes, archived)))
        })
        .await
    }

    /// The snapshots that go with the end of a change: where it went back, the one that it went back to; where it
    /// went forth, the oldest that are too many.
    async fn spent_snapshots(
        &self,
        begun: &Instance,
        change: &Change,
    ) -> Result<Vec<Snapshot>, ManagerError> {
        let mut snapshots = self.snapshots_of(begun).await?;
        if begun.properties.lifecycle.kind() == StateKind::RollingBack {
            snapshots.retain(|it| Some(it.id) == change.snapshot);
        } else {
            let most = self.shared().policy.snapshots.max(1) as usize;
            snapshots.truncate(snapshots.len().saturating_sub(most));
        }
        Ok(snapshots)
    }
}

/// The change of version that is under way on an instance.
pub(crate) fn change_of(instance: &Instance) -> Result<&Change, ManagerError> {
    let operation = instance.properties.operation.as_ref();
    match operation.and_then(|operation| operation.phase.as_ref()) {
        Some(Phase::Change(change)) => Ok(change),
        _ => Err(outdated("nothing says any more what it was to become")),
    }
}

/// Whether an instance whose version is changed ran before.
fn has_run(instance: &Instance) -> bool {
    matches!(
        instance.properties.lifecycle,
        State::Updating { ran: Ran::Active } | State::RollingBack { ran: Ran::Active }
    )
}

/// An instance as it is when its version is changed.
fn becoming(at: &Instance, change: &Change) -> Instance {
    let mut becoming = at.clone();
    change.to.apply(&mut becoming.properties);
    becoming
}

/// The way back from a change that failed: to what the row says, leaving what was started of the other.
fn back_from(found: &Instance, needs: Vec<ThingId>) -> Result<Change, ManagerError> {
    let failed = change_of(found)?;
    let ran = has_run(found);
    Ok(Change {
        part: if ran {
            ChangePart::Start
        } else {
            ChangePart::Retire
        },
        to: Edition::of(&found.properties, needs),
        leave: ran.then_some(failed.to.runtime).into_iter().collect(),
        approved: Permissions::none(),
        snapshot: failed.snapshot,
    })
}

/// The runtimes, besides the one that an instance is left with, that may still run.
fn strays(instance: &PluginInstance, change: &Change) -> BTreeSet<RuntimeId> {
    let own = std::iter::once(&instance.runtime);
    let all = own.chain(&change.leave).chain(&instance.strays);
    all.filter(|it| **it != change.to.runtime)
        .copied()
        .collect()
}

/// Refuses components that require what none required before and nobody agreed to.
fn refuse_widened(
    at: &Instance,
    change: &Change,
    components: &[Component],
) -> Result<(), ManagerError> {
    let added = widened(&at.properties.components, components);
    let added = change.approved.missing(&added);
    if added.is_empty() {
        return Ok(());
    }
    Err(ManagerError::UpdateNotApproved {
        package: at.properties.npm_package.clone(),
        to: change.to.version.clone(),
        breaking: vec![Breaking::PermissionsWidened { added }],
    })
}
