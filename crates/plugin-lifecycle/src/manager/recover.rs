//! Finishing what a host that has gone silent left under way.

use std::collections::BTreeSet;

use futures::stream::{self, StreamExt as _};
use one_ontology::{Actor, GroupId, IdempotencyKey, Limit, TaskName, ThingId, ThingQuery};
use plugin_registry::Silent;
use plugin_runtime_api::{Engine, RuntimeStatus};

use crate::manager::change::change_of;
use crate::manager::lost::Settled;
use crate::manager::recovery_report::{Left, NotRecovered, RecoveryReport, Taken, TakenWhat};
use crate::manager::tenant::instance_type;
use crate::manager::write::still_held;
use crate::recovery::{Recovery, recovery};
use crate::{
    Activity, ActivityEnd, ActivityKind, After, ChangePart, CommandKind, Instance, ManagerError,
    Observation, Phase, PluginManager, State, StateKind, Tenant,
};

/// How many instances are read at a time.
const PAGE: u32 = 500;

impl PluginManager {
    /// The name under which recovery acts, in trails and scopes.
    pub const RECOVERY: &'static str = "recovery";

    /// Finishes or undoes, in each of these organisations, what hosts that have gone silent left
    /// under way: operations whose leases have run out are taken over under a higher fence and gone
    /// on with; executions whose leases have run out are ended as the executor knows they ended,
    /// else as unknown, and none is run again.
    ///
    /// Any host may call it at any time, several at once; what is taken by one is left by the
    /// others. A second call finds nothing more to do. An organisation or instance that
    /// cannot be recovered is in the report and keeps nobody from the others. No organisation is
    /// read from another: which there are is the host's to say, for instance by
    /// [`Directory::descendants`](one_ontology::Directory::descendants).
    pub async fn recover(&self, groups: impl IntoIterator<Item = GroupId>) -> RecoveryReport {
        let activity = Activity {
            kind: ActivityKind::Recover,
            group: None,
            instance: None,
        };
        let work = Box::pin(self.recover_all(groups));
        let done = |_: &RecoveryReport| ActivityEnd::Done;
        let report = self.shared.observed(activity, done, work).await;
        self.shared.tell(&Observation::Recovered {
            taken: report.taken.len(),
            left: report.left.len(),
            failed: report.failed.len(),
        });
        report
    }

    async fn recover_all(&self, groups: impl IntoIterator<Item = GroupId>) -> RecoveryReport {
        let mut report = RecoveryReport::default();
        for group in groups {
            if let Err(error) = self.recover_group(group, &mut report).await {
                report.failed.push(NotRecovered {
                    group,
                    instance: None,
                    error: error.tag().to_owned(),
                    reason: error.to_string(),
                });
            }
        }
        report
    }

    async fn recover_group(
        &self,
        group: GroupId,
        report: &mut RecoveryReport,
    ) -> Result<(), ManagerError> {
        let _inside = self.shared.hosting.enter()?;
        let task: TaskName = Self::RECOVERY.parse()?;
        let tenant = self.tenant(Actor::System(task), group).await?;
        let mut query = ThingQuery {
            limit: Limit::new(PAGE),
            ..ThingQuery::of_type(instance_type())
        };
        let mut batches = BTreeSet::new();
        loop {
            let page = self.shared.store.things(&tenant.scope, &query).await?;
            tenant.recover_page(page.items, &mut batches, report).await;
            match page.next {
                Some(cursor) => query.cursor = Some(cursor),
                None => return Ok(()),
            }
        }
    }
}

impl Tenant {
    /// Recovers some instances, several at a time; the report is in their order all the same.
    async fn recover_page(
        &self,
        things: Vec<one_ontology::Thing>,
        batches: &mut BTreeSet<IdempotencyKey>,
        report: &mut RecoveryReport,
    ) {
        report.looked_at += things.len();
        let mut found = Vec::new();
        for thing in things {
            let id = thing.id;
            match thing.typed() {
                Ok(instance) => found.push(instance),
                Err(violations) => {
                    let error = ManagerError::Unreadable {
                        instance: id,
                        violations,
                    };
                    report.failed.push(self.not_recovered(id, &error));
                }
            }
        }
        // Of plugins that are installed together the first one seen stands for all.
        found.retain(|instance| match batch_key(instance) {
            Some(key) => batches.insert(key),
            None => true,
        });
        let at_a_time = self.shared().policy.recoveries_at_a_time.max(1) as usize;
        let work = stream::iter(found).map(|instance| async move {
            let mut part = RecoveryReport::default();
            if let Err(error) = self.recover_instance(&instance, &mut part).await {
                part.failed.push(self.not_recovered(instance.id, &error));
            }
            part
        });
        let mut parts = work.buffered(at_a_time);
        while let Some(part) = parts.next().await {
            report.taken.extend(part.taken);
            report.left.extend(part.left);
            report.failed.extend(part.failed);
        }
    }

    fn not_recovered(&self, instance: ThingId, error: &ManagerError) -> NotRecovered {
        NotRecovered {
            group: self.group_id(),
            instance: Some(instance),
            error: error.tag().to_owned(),
            reason: error.to_string(),
        }
    }

    async fn recover_instance(
        &self,
        instance: &Instance,
        report: &mut RecoveryReport,
    ) -> Result<(), ManagerError> {
        let steps = recovery(
            &instance.properties,
            &self.shared().policy,
            self.shared().now(),
        );
        let mut settled = (0, 0);
        let mut first_error = None;
        for step in steps {
            let done = match step {
                Recovery::Settle { execution } => {
                    self.settle_one(instance, execution).await.map(|end| {
                        match end {
                            Settled::Known => settled.0 += 1,
                            Settled::Unknown => settled.1 += 1,
                            Settled::Already => {}
                        }
                        None
                    })
                }
                Recovery::DoubtSecrets { giving } => {
                    let doubted = self.doubt_silent(instance.id, giving).await;
                    doubted.map(|names| Some(TakenWhat::Secrets { names }))
                }
                Recovery::Halt => self.halt_what_runs(instance).await,
                Recovery::EndRuntimes => self.end_left_runtimes(instance).await,
                Recovery::Resume => self.resume_operation(instance).await,
                Recovery::GiveUp => self.give_up(instance).await,
                Recovery::Wait { until } => {
                    report.left.push(Left {
                        group: self.group_id(),
                        instance: instance.id,
                        package: instance.name.clone(),
                        state: instance.properties.lifecycle.kind(),
                        until,
                    });
                    Ok(None)
                }
            };
            match done {
                Ok(None) => {}
                Ok(Some(what)) => self.report(instance, what, report).await?,
                // Another host was faster: it is in that one's report.
                Err(ManagerError::Superseded | ManagerError::InstanceNotFound { .. }) => {}
                Err(error) => {
                    first_error.get_or_insert(error);
                }
            }
        }
        let (known, unknown) = settled;
        if known > 0 {
            let what = TakenWhat::Known { executions: known };
            self.report(instance, what, report).await?;
        }
        if unknown > 0 {
            let what = TakenWhat::Unknown {
                executions: unknown,
            };
            self.report(instance, what, report).await?;
        }
        first_error.map_or(Ok(()), Err)
    }

    async fn report(
        &self,
        instance: &Instance,
        what: TakenWhat,
        report: &mut RecoveryReport,
    ) -> Result<(), ManagerError> {
        let now = self.find(instance.id).await?;
        let to = now.map_or(StateKind::Uninstalled, |it| it.properties.lifecycle.kind());
        report.taken.push(Taken {
            group: self.group_id(),
            instance: instance.id,
            package: instance.name.clone(),
            what,
            from: instance.properties.lifecycle.kind(),
            to,
        });
        Ok(())
    }

    async fn settle_one(
        &self,
        instance: &Instance,
        execution: plugin_runtime_api::ExecutionId,
    ) -> Result<Settled, ManagerError> {
        match instance.properties.executions.get(&execution) {
            Some(lease) => self.settle(instance, execution, lease).await,
            None => Ok(Settled::Already),
        }
    }

    async fn end_left_runtimes(
        &self,
        instance: &Instance,
    ) -> Result<Option<TakenWhat>, ManagerError> {
        let idle = instance.properties.idle_strays();
        let ended = self.end_strays(instance, &idle).await?;
        Ok(ended.then_some(TakenWhat::Runtime))
    }

    async fn halt_what_runs(&self, instance: &Instance) -> Result<Option<TakenWhat>, ManagerError> {
        for runtime in instance.properties.runtimes() {
            match self.shared().executor.status(runtime).await? {
                RuntimeStatus::Running { fence, .. } if fence <= instance.properties.fence => {
                    self.halt(instance).await?;
                    return Ok(Some(TakenWhat::Runtime));
                }
                RuntimeStatus::Running { .. }
                | RuntimeStatus::Crashed { .. }
                | RuntimeStatus::Stopped => {}
            }
        }
        Ok(None)
    }

    /// Takes an operation over and does what is left of it. That a plugin does not start, or cannot
    /// be fetched, is an end like any other, and is in its row and trail.
    async fn resume_operation(
        &self,
        instance: &Instance,
    ) -> Result<Option<TakenWhat>, ManagerError> {
        self.refuse_foreign_engine(instance)?;
        if is_leaving(instance) {
            self.refuse_left_secrets(instance)?;
        }
        let what = TakenWhat::Operation {
            command: command_of(instance),
        };
        let ended = match instance.properties.lifecycle.kind() {
            StateKind::Installing => self.resume_batch(instance).await,
            _ => self.resume_one(instance).await,
        };
        match ended {
            Err(ManagerError::Superseded) => Err(ManagerError::Superseded),
            Err(error) => {
                let now = self.find(instance.id).await?;
                let rests = now.is_none_or(|it| !it.properties.lifecycle.kind().is_transient());
                if rests { Ok(Some(what)) } else { Err(error) }
            }
            Ok(()) => Ok(Some(what)),
        }
    }

    async fn resume_one(&self, instance: &Instance) -> Result<(), ManagerError> {
        let (taken, _) = self
            .rewrite(instance.id, |found, now| {
                still_held(&found, instance)?;
                self.take_over(found, now)
            })
            .await?;
        match taken.properties.lifecycle.kind() {
            StateKind::Activating => self.bring_up(&taken).await.map(drop),
            StateKind::Uninstalling => self.take_away(taken).await,
            StateKind::Updating | StateKind::RollingBack => self.change(taken, &Silent).await,
            _ => match self.drain(&taken).await? {
                stopped if stopped.properties.lifecycle.kind() == StateKind::Uninstalling => {
                    self.take_away(stopped).await
                }
                _ => Ok(()),
            },
        }
    }

    async fn resume_batch(&self, instance: &Instance) -> Result<(), ManagerError> {
        let batch = self.batch_of(instance).await?;
        let begun: Vec<&Instance> = batch.iter().collect();
        self.rewrite_all(&crate::manager::install::ids_of(&begun), |found, now| {
            let mut changes = None;
            for (begun, found) in begun.iter().zip(found) {
                let found = found.ok_or(ManagerError::Superseded)?;
                still_held(&found, begun)?;
                let step = self.take_over(found, now)?;
                changes = Some(crate::manager::install::merge(changes, step.changes)?);
            }
            Ok(changes)
        })
        .await?;
        let taken = self.begun_after(&begun).await?;
        if let Some(error) = self.incomplete(instance, &taken) {
            let taken: Vec<&Instance> = taken.iter().collect();
            return self.write_not_installed(&taken, &error).await;
        }
        let taken: Vec<&Instance> = taken.iter().collect();
        self.bring_in(&taken, &Silent).await
    }

    /// Instances as they are under the fence after this one, which was just written.
    pub(crate) async fn begun_after(
        &self,
        before: &[&Instance],
    ) -> Result<Vec<Instance>, ManagerError> {
        let mut begun = Vec::new();
        for before in before {
            let found = self.find(before.id).await?;
            let found = found.ok_or(ManagerError::Superseded)?;
            if found.properties.fence != before.properties.fence.next() {
                return Err(ManagerError::Superseded);
            }
            begun.push(found);
        }
        Ok(begun)
    }

    /// The instances that are still being installed together with this one, itself among them.
    async fn batch_of(&self, instance: &Instance) -> Result<Vec<Instance>, ManagerError> {
        let operation = instance.properties.operation.as_ref();
        let together = match operation.and_then(|operation| operation.phase.as_ref()) {
            Some(Phase::Fetch(batch)) => batch.together.clone(),
            _ => vec![instance.id],
        };
        let key = operation.map(|operation| &operation.key);
        let mut found = Vec::new();
        for id in together {
            found.extend(self.find(id).await?.filter(|it| {
                let operation = it.properties.operation.as_ref();
                it.properties.lifecycle.kind() == StateKind::Installing
                    && operation.map(|operation| &operation.key) == key
            }));
        }
        Ok(found)
    }

    /// Why what is left of an installation cannot be finished, if it cannot.
    fn incomplete(&self, instance: &Instance, left: &[Instance]) -> Option<ManagerError> {
        let operation = instance.properties.operation.as_ref()?;
        match &operation.phase {
            Some(Phase::Fetch(batch)) if batch.together.len() == left.len() => None,
            _ => Some(crate::manager::install::given_up()),
        }
    }

    /// Writes of an operation that went silent too often that it has failed.
    async fn give_up(&self, instance: &Instance) -> Result<Option<TakenWhat>, ManagerError> {
        let what = TakenWhat::GivenUp {
            command: command_of(instance),
        };
        let attempts = self.shared().policy.operation_attempts;
        let error = ManagerError::GoneSilent { attempts };
        if instance.properties.lifecycle.kind() == StateKind::Installing {
            let batch = self.batch_of(instance).await?;
            let batch: Vec<&Instance> = batch.iter().collect();
            self.write_not_installed(&batch, &error).await?;
            return Ok(Some(what));
        }
        if instance.properties.lifecycle.kind() == StateKind::Uninstalling {
            self.give_up_removal(instance, &error).await?;
            return Ok(Some(what));
        }
        if matches!(
            instance.properties.lifecycle.kind(),
            StateKind::Updating | StateKind::RollingBack
        ) {
            // Who can run it may still bring the version of before back.
            self.refuse_foreign_engine(instance)?;
            self.give_up_change(instance, error).await?;
            return Ok(Some(what));
        }
        let reason = error.to_string();
        let (failed, _) = self
            .rewrite(instance.id, |found, now| {
                still_held(&found, instance)?;
                if !found.properties.is_abandoned(now) {
                    return Err(ManagerError::Superseded);
                }
                let fence = found.properties.fence.next();
                self.failed_step(found, now, error.tag(), &reason, |p| p.fence = fence)
            })
            .await?;
        // What it may have started is stopped, under a fence that is ours by now; what cannot be
        // stopped, by whoever looks after instances in ERROR.
        drop(self.halt(&failed).await);
        Ok(Some(what))
    }

    /// Nobody looks after what runs of an instance in FAILED: it is stopped before that is written.
    async fn give_up_removal(
        &self,
        instance: &Instance,
        error: &ManagerError,
    ) -> Result<(), ManagerError> {
        let (taken, _) = self
            .rewrite(instance.id, |found, now| {
                still_held(&found, instance)?;
                self.take_over(found, now)
            })
            .await?;
        self.halt(&taken).await?;
        let reason = error.to_string();
        self.rewrite(instance.id, |found, now| {
            still_held(&found, &taken)?;
            self.failed_step(found, now, error.tag(), &reason, |_| ())
        })
        .await?;
        Ok(())
    }

    /// What this host has nothing to run or fetch with is left for one that has.
    fn refuse_foreign_engine(&self, instance: &Instance) -> Result<(), ManagerError> {
        let engine = &instance.properties.engine;
        match instance.properties.lifecycle.kind() {
            StateKind::Installing => self.refuse_without_source(engine),
            StateKind::Updating | StateKind::RollingBack => {
                self.refuse_foreign(engine)?;
                let change = change_of(instance)?;
                if change.part == ChangePart::Fetch && !change.to.packages.is_empty() {
                    self.refuse_without_source(engine)?;
                }
                Ok(())
            }
            StateKind::Activating | StateKind::Deactivating => self.refuse_foreign(engine),
            _ => Ok(()),
        }
    }

    fn refuse_without_source(&self, engine: &Engine) -> Result<(), ManagerError> {
        let mut sources = self.shared().sources.iter();
        if *engine == Engine::Native || sources.any(|(of, _)| of == engine) {
            Ok(())
        } else {
            Err(ManagerError::NoSource)
        }
    }
}

/// Whether it is being removed.
fn is_leaving(instance: &Instance) -> bool {
    let draining = State::Deactivating {
        then: After::Uninstalling,
        in_flight: instance.properties.lifecycle.in_flight(),
    };
    let state = instance.properties.lifecycle;
    state == State::Uninstalling || state == draining
}

fn command_of(instance: &Instance) -> CommandKind {
    let operation = instance.properties.operation.as_ref();
    operation.map_or(CommandKind::LeaseExpired, |operation| operation.command)
}

fn batch_key(instance: &Instance) -> Option<IdempotencyKey> {
    if instance.properties.lifecycle.kind() != StateKind::Installing {
        return None;
    }
    let operation = instance.properties.operation.as_ref()?;
    Some(operation.key.clone())
}
