//! Installing.

use std::collections::BTreeSet;

use one_ontology::{
    ChangeSet, Connection, ConnectionId, End, PluginConnectionType, Settle, Spend, StoreError,
    ThingId, Timestamp,
};
use plugin_registry::{PackagePin, ProgressSink, Silent, Source, StageRequest, Staged};
use plugin_runtime_api::{Artifact, Engine};

use crate::manager::installation::Installation;
use crate::manager::write::{still_held, untyped};
use crate::{
    ActivityKind, After, Batch, Budget, Command, InstallPlan, Instance, ManagerError, Operation,
    Phase, PlanPart, PlanStep, PluginInstance, State, Tenant,
};

impl Tenant {
    /// Carries a plan out: writes what is intended, fetches and verifies the packages, writes that
    /// they are there. Gives the instance of the plugin asked for; of several the first. All of a plan
    /// are installed or none, and each plugin asked for counts as an installation.
    ///
    /// # Errors
    /// `Denied`, `RateLimited`, `BulkheadFull` (too many plugins), `PlanOutdated`, `ReleaseRevoked`, `Source`,
    /// `Store`. When fetching fails the instances rest in FAILED, with the reason in their trail,
    /// to be uninstalled.
    pub async fn install(&self, plan: &InstallPlan) -> Result<ThingId, ManagerError> {
        self.install_with(plan, &Silent).await
    }

    /// As [`Tenant::install`], telling `progress` how far it is.
    ///
    /// # Errors
    /// As [`Tenant::install`].
    pub async fn install_with(
        &self,
        plan: &InstallPlan,
        progress: &dyn ProgressSink,
    ) -> Result<ThingId, ManagerError> {
        let work = Box::pin(self.install_with_unobserved(plan, progress));
        self.observed(ActivityKind::Install, None, work).await
    }

    async fn install_with_unobserved(
        &self,
        plan: &InstallPlan,
        progress: &dyn ProgressSink,
    ) -> Result<ThingId, ManagerError> {
        self.allow(Operation::InstallPluginInOrg)?;
        if plan.group != self.group_id() {
            return Err(ManagerError::PlanOutdated {
                reason: "it was made for another organisation".to_owned(),
            });
        }
        self.check_plan(plan).await?;
        self.refuse_revoked(plan.steps.iter().map(PlanStep::release))
            .await?;
        let now = self.shared().now();
        let installation = Installation::new(self, plan, now)?;
        self.shared()
            .commit(installation.intent(self, now)?)
            .await?;
        let begun: Vec<&Instance> = installation.instances.iter().collect();
        self.bring_in(&begun, progress).await?;
        Ok(installation.root)
    }

    /// A plan is a value and may have been edited: each package once, the plugin asked for among them, nothing needed
    /// that is not in it, and what is said to be there is there, in this organisation.
    async fn check_plan(&self, plan: &InstallPlan) -> Result<(), ManagerError> {
        let outdated = |reason: &str| {
            Err(ManagerError::PlanOutdated {
                reason: reason.to_owned(),
            })
        };
        let mut names = std::collections::BTreeSet::new();
        if !plan.steps.iter().all(|s| names.insert(s.package.as_str())) {
            return outdated("it holds a package twice");
        }
        if plan.root().is_none() {
            return outdated("it does not hold the plugin asked for");
        }
        let mut needs = plan.steps.iter().flat_map(|s| s.needs.iter());
        if !needs.all(|need| names.contains(need.as_str())) {
            return outdated("it needs a package that it does not hold");
        }
        for step in &plan.steps {
            if let PlanPart::Present { instance } = step.part {
                let found = match self.load(instance).await {
                    Ok(found) => found,
                    Err(ManagerError::InstanceNotFound { .. }) => {
                        return outdated("what it counts on is not there");
                    }
                    Err(error) => return Err(error),
                };
                if found.properties.npm_package != step.package {
                    return outdated("what it counts on is another package");
                }
                if found.properties.version != step.version.to_string() {
                    return outdated("what it counts on has another version by now");
                }
            }
        }
        Ok(())
    }

    /// Fetches the packages of an installation under way and writes that they are there, or that
    /// they are not.
    pub(crate) async fn bring_in(
        &self,
        begun: &[&Instance],
        progress: &dyn ProgressSink,
    ) -> Result<(), ManagerError> {
        for instance in begun {
            self.shared().hosting.drives(self.group_id(), instance);
        }
        let brought = match self.stage(begun, progress).await {
            Ok(artifact) => self.write_installed(begun, &artifact).await,
            Err(error) => Err(error),
        };
        if let Err(error) = &brought
            && !matches!(error, ManagerError::Superseded)
        {
            // Not left INSTALLING; and where this cannot be written either, the first error is
            // the one to tell, and whoever recovers goes on.
            drop(self.write_not_installed(begun, error).await);
        }
        brought
    }

    async fn stage(
        &self,
        begun: &[&Instance],
        progress: &dyn ProgressSink,
    ) -> Result<Artifact, ManagerError> {
        let (engine, batch) = journal(begun)?;
        self.stage_packages(engine, &batch.packages, progress).await
    }

    /// Fetches and verifies packages, or finds them fetched.
    pub(crate) async fn stage_packages(
        &self,
        engine: &Engine,
        packages: &[PackagePin],
        progress: &dyn ProgressSink,
    ) -> Result<Artifact, ManagerError> {
        if *engine == Engine::Native {
            return Ok(Artifact::Native);
        }
        let request = StageRequest {
            packages: packages.to_vec(),
        };
        let mut refusal = ManagerError::NoSource;
        for (_, source) in self.shared().sources.iter().filter(|(e, _)| e == engine) {
            let source: &dyn Source = source.as_ref();
            match source.stage(&request, progress).await {
                Ok(Staged {
                    digest, location, ..
                }) => {
                    return Ok(Artifact::Packages {
                        digest: digest.parse()?,
                        location,
                    });
                }
                Err(error) => {
                    if matches!(refusal, ManagerError::NoSource) {
                        refusal = error.into();
                    }
                }
            }
        }
        Err(refusal)
    }

    async fn write_installed(
        &self,
        begun: &[&Instance],
        artifact: &Artifact,
    ) -> Result<(), ManagerError> {
        let needed = needed(begun)?;
        let mut ids = ids_of(begun);
        ids.extend(&needed);
        self.rewrite_all(&ids, |mut found, now| {
            let needed = found.split_off(begun.len());
            let mut changes: Option<ChangeSet> = None;
            for (begun, found) in begun.iter().zip(found) {
                let found = found
                    .filter(|it| it.properties.lifecycle == State::Installing)
                    .ok_or_else(given_up)?;
                still_held(&found, begun)?;
                let step = self.installed_step(found, artifact, now)?;
                changes = Some(merge(changes, step)?);
            }
            for needed in needed {
                let needed = needed.filter(can_be_needed).ok_or_else(removed)?;
                // Written as it is: whoever removes it has read who needs it, and must read again.
                let row = untyped(&needed)?;
                changes = changes.map(|changes| changes.replace(row));
            }
            Ok(changes)
        })
        .await
    }

    /// An instance whose packages are there, with its connections.
    fn installed_step(
        &self,
        instance: Instance,
        artifact: &Artifact,
        now: Timestamp,
    ) -> Result<ChangeSet, ManagerError> {
        let ids = self.shared().ids.as_ref();
        let (id, group) = (instance.id, self.group_id());
        let (_, batch) = journal(&[&instance])?;
        let batch = batch.clone();
        let step = self.step(
            instance,
            Command::StepOk,
            now,
            |p| {
                p.artifact = Some(artifact.clone());
                p.packages = match artifact {
                    Artifact::Native => Vec::new(),
                    _ => batch.packages.clone(),
                };
                p.installed_at = Some(now);
                p.operation = None;
            },
            |event| event.with("dependencies_installed", batch.dependencies),
        )?;
        let connect = |kind, to: End| {
            let connection = ConnectionId::new(ids, now);
            Connection::new(&self.scope, connection, id, kind, to, now)
        };
        let installed_in = connect(PluginConnectionType::PluginInstalledIn, group.into());
        let needs = batch.needs.iter();
        let needs = needs.map(|to| connect(PluginConnectionType::PluginDependsOn, (*to).into()));
        Ok(needs.fold(step.changes.connect(installed_in), ChangeSet::connect))
    }

    /// Writes of what is still under way of an installation that it has failed.
    pub(crate) async fn write_not_installed(
        &self,
        begun: &[&Instance],
        error: &ManagerError,
    ) -> Result<(), ManagerError> {
        let reason = error.to_string();
        self.rewrite_all(&ids_of(begun), |found, now| {
            let mut changes: Option<ChangeSet> = None;
            let mut failed = 0;
            for (begun, found) in begun.iter().zip(found) {
                let Some(found) = found.filter(|it| still_held(it, begun).is_ok()) else {
                    continue;
                };
                let held = found.properties.operation.clone();
                let keep = |p: &mut PluginInstance| p.interrupted = held;
                let step = self.failed_step(found, now, error.tag(), &reason, keep)?;
                changes = Some(merge(changes, step.changes)?);
                failed += 1;
            }
            let Some(changes) = changes else {
                return Ok(None);
            };
            self.give_back_plugins(changes, failed, now).map(Some)
        })
        .await
    }

    /// As [`Tenant::rewrite`], of several instances in one change set. Those that are gone are
    /// none.
    pub(crate) async fn rewrite_all(
        &self,
        ids: &[ThingId],
        decide: impl Fn(Vec<Option<Instance>>, Timestamp) -> Result<Option<ChangeSet>, ManagerError>,
    ) -> Result<(), ManagerError> {
        let attempts = self.shared().policy.attempts;
        for _ in 0..attempts {
            let mut found = Vec::new();
            for id in ids {
                found.push(self.find(*id).await?);
            }
            let Some(changes) = decide(found, self.shared().now())? else {
                return Ok(());
            };
            match self.shared().commit(changes).await {
                Ok(_) => return Ok(()),
                Err(StoreError::Stale { .. } | StoreError::Busy { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(ManagerError::Contended { attempts })
    }

    /// Leaves the level of plugins again, as often as `count`.
    pub(crate) fn give_back_plugins(
        &self,
        changes: ChangeSet,
        count: usize,
        now: Timestamp,
    ) -> Result<ChangeSet, ManagerError> {
        let spend = plugins(self, count)?;
        Ok(changes.settle(Settle::refund(&spend, now)))
    }
}

/// What is left to do of an installation: what runs its plugins, and the packages.
fn journal<'a>(begun: &[&'a Instance]) -> Result<(&'a Engine, &'a Batch), ManagerError> {
    let first = begun.first().map(|instance| &instance.properties);
    let phase =
        first.and_then(|first| Some((&first.engine, first.operation.as_ref()?.phase.as_ref()?)));
    match phase {
        Some((engine, Phase::Fetch(batch))) => Ok((engine, batch)),
        _ => Err(ManagerError::PlanOutdated {
            reason: "nothing says any more what was to be fetched".to_owned(),
        }),
    }
}

pub(crate) fn ids_of(instances: &[&Instance]) -> Vec<ThingId> {
    instances.iter().map(|instance| instance.id).collect()
}

/// What an installation needs that was there before it.
fn needed(begun: &[&Instance]) -> Result<BTreeSet<ThingId>, ManagerError> {
    let mut needed = BTreeSet::new();
    for instance in begun {
        let (_, batch) = journal(&[*instance])?;
        let there = batch
            .needs
            .iter()
            .filter(|need| !batch.together.contains(need));
        needed.extend(there);
    }
    Ok(needed)
}

/// Whether something may be installed that needs it: it is there, and not on its way out.
pub(crate) fn can_be_needed(instance: &Instance) -> bool {
    match instance.properties.lifecycle {
        State::Installed
        | State::Activating
        | State::Active
        | State::Executing { .. }
        | State::Suspended
        | State::Error
        | State::Updating { .. }
        | State::RollingBack { .. } => true,
        State::Deactivating { then, .. } => then != After::Uninstalling,
        State::Discovered
        | State::Installing
        | State::Uninstalling
        | State::Uninstalled
        | State::Failed { .. } => false,
    }
}

pub(crate) fn removed() -> ManagerError {
    ManagerError::PlanOutdated {
        reason: "a plugin that it needs was removed meanwhile, or is not installed yet".to_owned(),
    }
}

pub(crate) fn given_up() -> ManagerError {
    ManagerError::PlanOutdated {
        reason: "a plugin of it was given up while it was being installed".to_owned(),
    }
}

pub(crate) fn plugins(tenant: &Tenant, count: usize) -> Result<Spend, ManagerError> {
    Ok(Spend {
        key: Budget::Plugins.key()?,
        rule: tenant.shared().policy.plugins,
        amount: u32::try_from(count).unwrap_or(u32::MAX),
    })
}

/// One change set out of two: the events and writes of the second behind those of the first.
pub(crate) fn merge(first: Option<ChangeSet>, second: ChangeSet) -> Result<ChangeSet, StoreError> {
    match first {
        Some(first) => first.and(second),
        None => Ok(second),
    }
}
