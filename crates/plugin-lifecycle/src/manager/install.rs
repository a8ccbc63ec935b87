//! Installing.

use std::collections::BTreeMap;

use one_ontology::{
    ChangeSet, Connection, ConnectionId, Place, PluginConnectionType, PluginEventType, Revision,
    Settle, Spend, StoreError, ThingId, ThingQuery, Timestamp,
};
use plugin_registry::{ProgressSink, Silent, Source, Staged, plugin_id};
use plugin_runtime_api::{Artifact, Engine, Fence, RuntimeId};

use crate::instance::{Member, Wanted};
use crate::manager::tenant::instance_type;
use crate::manager::write::untyped;
use crate::{
    Budget, Command, ErrorWindow, InstallPlan, Instance, ManagerError, Operation, PlanPart,
    PlanStep, PluginInstance, State, Tenant, transition,
};

impl Tenant {
    /// Carries a plan out: writes what is intended, fetches and verifies the packages, writes that
    /// they are there. Gives the instance of the plugin asked for; of several the first. All of a plan
    /// are installed or none, and each plugin asked for counts as an installation.
    ///
    /// # Errors
    /// `Denied`, `RateLimited`, `BulkheadFull` (too many plugins), `PlanOutdated`, `Source`,
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
        self.allow(Operation::InstallPluginInOrg)?;
        if plan.group != self.group_id() {
            return Err(ManagerError::PlanOutdated {
                reason: "it was made for another organisation".to_owned(),
            });
        }
        self.check_plan(plan).await?;
        let now = self.shared().now();
        let installation = Installation::new(self, plan, now)?;
        self.shared()
            .store
            .commit(installation.intent(self, now)?)
            .await?;
        match self.stage(plan, progress).await {
            Ok(staged) => {
                if let Err(error) = self.finish_install(&installation, plan, &staged).await {
                    // Not left INSTALLING; and where this cannot be written either, the first
                    // error is the one to tell.
                    drop(self.fail_install(&installation, &error).await);
                    return Err(error);
                }
                Ok(installation.root)
            }
            Err(error) => {
                self.fail_install(&installation, &error).await?;
                Err(error)
            }
        }
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
            }
        }
        Ok(())
    }

    async fn stage(
        &self,
        plan: &InstallPlan,
        progress: &dyn ProgressSink,
    ) -> Result<Artifact, ManagerError> {
        if plan.engine == Engine::Native {
            return Ok(Artifact::Native);
        }
        let request = plan.stage_request();
        let mut refusal = ManagerError::NoSource;
        for (_, source) in self
            .shared()
            .sources
            .iter()
            .filter(|(e, _)| *e == plan.engine)
        {
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

    async fn finish_install(
        &self,
        installation: &Installation,
        plan: &InstallPlan,
        artifact: &Artifact,
    ) -> Result<(), ManagerError> {
        let now = self.shared().now();
        let ids = self.shared().ids.as_ref();
        let mut changes: Option<ChangeSet> = None;
        for instance in &installation.instances {
            let step = self.step(
                instance.clone(),
                Command::StepOk,
                now,
                |p| {
                    p.artifact = Some(artifact.clone());
                    p.installed_at = Some(now);
                    p.operation = None;
                },
                |event| event.with("dependencies_installed", plan.dependencies_installed()),
            )?;
            let group = self.group_id();
            let installed_in = Connection::new(
                &self.scope,
                ConnectionId::new(ids, now),
                instance.id,
                PluginConnectionType::PluginInstalledIn,
                group,
                now,
            );
            changes = Some(merge(changes, step.changes)?.connect(installed_in));
        }
        let Some(mut changes) = changes else {
            return Ok(());
        };
        for (from, to) in installation.edges(plan) {
            changes = changes.connect(Connection::new(
                &self.scope,
                ConnectionId::new(ids, now),
                from,
                PluginConnectionType::PluginDependsOn,
                to,
                now,
            ));
        }
        self.shared().store.commit(changes).await?;
        Ok(())
    }

    async fn fail_install(
        &self,
        installation: &Installation,
        error: &ManagerError,
    ) -> Result<(), ManagerError> {
        let now = self.shared().now();
        let reason = error.to_string();
        let mut changes: Option<ChangeSet> = None;
        for instance in &installation.instances {
            let step = self.failed_step(instance.clone(), now, error.tag(), &reason)?;
            changes = Some(merge(changes, step.changes)?);
        }
        if let Some(changes) = changes {
            let changes = self.give_back_plugins(changes, installation.instances.len(), now)?;
            self.shared().store.commit(changes).await?;
        }
        Ok(())
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

fn plugins(tenant: &Tenant, count: usize) -> Result<Spend, ManagerError> {
    Ok(Spend {
        key: Budget::Plugins.key()?,
        rule: tenant.shared().policy.plugins,
        amount: u32::try_from(count).unwrap_or(u32::MAX),
    })
}

/// One change set out of two: the events and writes of the second behind those of the first.
fn merge(first: Option<ChangeSet>, second: ChangeSet) -> Result<ChangeSet, StoreError> {
    match first {
        Some(first) => first.and(second),
        None => Ok(second),
    }
}

/// The instances of one installation, as they are while it is under way.
struct Installation {
    root: ThingId,
    /// How many plugins were asked for.
    asked: usize,
    instances: Vec<Instance>,
}

impl Installation {
    fn new(tenant: &Tenant, plan: &InstallPlan, now: Timestamp) -> Result<Self, ManagerError> {
        let ids = tenant.shared().ids.as_ref();
        let mut members: BTreeMap<&str, Member> = BTreeMap::new();
        for step in &plan.steps {
            let instance = match step.part {
                PlanPart::Root | PlanPart::Dependency => ThingId::new(ids, now),
                PlanPart::Present { instance } => instance,
                PlanPart::Shared => continue,
            };
            members.insert(
                step.package.as_str(),
                Member {
                    instance,
                    package: step.package.clone(),
                    version: step.version.to_string(),
                },
            );
        }
        let key = tenant.new_key("install", now)?;
        let mut root = None;
        let mut instances = Vec::new();
        for step in &plan.steps {
            let Some(member) = members.get(step.package.as_str()) else {
                continue;
            };
            match step.part {
                PlanPart::Root if step.package == plan.package => root = Some(member.instance),
                PlanPart::Root | PlanPart::Dependency => {}
                PlanPart::Present { .. } | PlanPart::Shared => continue,
            }
            let runs_with = closure(plan, step)
                .into_iter()
                .filter_map(|step| members.get(step.package.as_str()).cloned())
                .collect();
            let transition = transition(State::Discovered, Command::Install)?;
            let operation = tenant.operation(&Command::Install, &key, Fence(1), now);
            let wanted = if step.part == PlanPart::Root {
                Wanted::Asked
            } else {
                Wanted::Needed
            };
            let properties = PluginInstance {
                npm_package: step.package.clone(),
                version: step.version.to_string(),
                plugin_id: plugin_id(Place::Global, &step.package.as_str().parse()?),
                lifecycle: transition.to,
                reason: None,
                operation: Some(operation),
                fence: Fence(1),
                engine: plan.engine.clone(),
                runtime: RuntimeId::of_name(&[
                    &tenant.group_id().to_string(),
                    &member.instance.to_string(),
                ]),
                artifact: None,
                members: runs_with,
                grants: plan.grants.clone(),
                parameters: step.parameters.clone(),
                settings: BTreeMap::new(),
                settings_revision: 0,
                components: Vec::new(),
                executions: BTreeMap::new(),
                errors: ErrorWindow::default(),
                wanted,
                installed_at: None,
                installed_by: tenant.scope.actor().clone(),
            };
            instances.push(Instance {
                id: member.instance,
                place: tenant.scope.place(),
                thing_type: instance_type(),
                name: step.package.to_string(),
                status: transition.to.kind().thing_status(),
                properties,
                revision: Revision::FIRST,
                created_at: now,
                updated_at: now,
            });
        }
        let root = root.ok_or_else(|| ManagerError::PlanOutdated {
            reason: "it does not hold the plugin asked for".to_owned(),
        })?;
        Ok(Self {
            root,
            asked: plan.roots().count(),
            instances,
        })
    }

    /// What is written before anything is done.
    fn intent(&self, tenant: &Tenant, now: Timestamp) -> Result<ChangeSet, ManagerError> {
        let transition = transition(State::Discovered, Command::Install)?;
        let mut changes: Option<ChangeSet> = None;
        for instance in &self.instances {
            let event = tenant
                .event(PluginEventType::PluginOperationStarted, instance, now)
                .with("operation", "install")
                .with("rule", transition.rule.as_str())
                .with("state", transition.to.kind().as_str());
            let absent = ThingQuery::of_type(instance_type())
                .with("npm_package", instance.properties.npm_package.as_str());
            let next = match changes {
                Some(changes) => changes.event(event),
                None => ChangeSet::new(&tenant.scope, event, now),
            };
            changes = Some(next.insert(untyped(instance)?).insist_absent(absent));
        }
        let installs = Spend {
            key: Budget::Installs.key()?,
            rule: tenant.shared().policy.installs,
            amount: u32::try_from(self.asked).unwrap_or(u32::MAX),
        };
        let changes = changes.ok_or_else(|| ManagerError::PlanOutdated {
            reason: "it installs nothing".to_owned(),
        })?;
        Ok(changes
            .spend(installs)
            .spend(plugins(tenant, self.instances.len())?))
    }

    /// Who needs whom, among instances.
    fn edges(&self, plan: &InstallPlan) -> Vec<(ThingId, ThingId)> {
        let mut by_package: BTreeMap<&str, ThingId> = self
            .instances
            .iter()
            .map(|i| (i.properties.npm_package.as_str(), i.id))
            .collect();
        for step in &plan.steps {
            if let PlanPart::Present { instance } = step.part {
                by_package.insert(step.package.as_str(), instance);
            }
        }
        let mut edges = Vec::new();
        for step in plan
            .steps
            .iter()
            .filter(|s| matches!(s.part, PlanPart::Root | PlanPart::Dependency))
        {
            let Some(from) = by_package.get(step.package.as_str()) else {
                continue;
            };
            let needed = step
                .needs
                .iter()
                .filter_map(|need| by_package.get(need.as_str()));
            edges.extend(needed.filter(|to| *to != from).map(|to| (*from, *to)));
        }
        edges
    }
}

/// A package of a plan and everything it needs, in install order.
fn closure<'a>(plan: &'a InstallPlan, root: &PlanStep) -> Vec<&'a PlanStep> {
    let mut wanted = vec![root.package.as_str()];
    let mut seen = std::collections::BTreeSet::new();
    while let Some(name) = wanted.pop() {
        if let Some(step) = plan.steps.iter().find(|step| step.package.as_str() == name)
            && seen.insert(step.package.as_str())
        {
            wanted.extend(
                step.needs
                    .iter()
                    .map(plugin_runtime_api::PluginName::as_str),
            );
        }
    }
    plan.steps
        .iter()
        .filter(|step| seen.contains(step.package.as_str()))
        .collect()
}
