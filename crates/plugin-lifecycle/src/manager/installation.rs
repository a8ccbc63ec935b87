//! The rows of an installation, as they are while it is under way.

use std::collections::{BTreeMap, BTreeSet};

use one_ontology::{
    ChangeSet, Place, PluginEventType, Revision, Spend, ThingId, ThingQuery, Timestamp,
};
use plugin_registry::plugin_id;
use plugin_runtime_api::{Fence, RuntimeId};

use crate::instance::{Member, Wanted};
use crate::manager::install::plugins;
use crate::manager::tenant::instance_type;
use crate::manager::write::untyped;
use crate::{
    Batch, Breaker, Budget, Command, CommandKind, Desired, ErrorWindow, Givings, Holds, Hours,
    InstallPlan, Instance, ManagerError, Moved, Phase, PlanPart, PlanStep, PluginInstance, State,
    Tenant, transition,
};

/// The instances of one installation, as they are while it is under way.
pub(crate) struct Installation {
    pub(crate) root: ThingId,
    /// How many plugins were asked for.
    asked: usize,
    pub(crate) instances: Vec<Instance>,
}

impl Installation {
    pub(crate) fn new(
        tenant: &Tenant,
        plan: &InstallPlan,
        now: Timestamp,
    ) -> Result<Self, ManagerError> {
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
        let together: Vec<ThingId> = plan
            .steps
            .iter()
            .filter(|step| is_new(step))
            .filter_map(|step| members.get(step.package.as_str()))
            .map(|member| member.instance)
            .collect();
        let packages = plan.stage_request().packages;
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
            let runs_with = closure(&plan.steps, step)
                .into_iter()
                .filter_map(|step| members.get(step.package.as_str()).cloned())
                .collect();
            let transition = transition(State::Discovered, Command::Install)?;
            let needs = step.needs.iter();
            let batch = Batch {
                together: together.clone(),
                packages: packages.clone(),
                needs: needs
                    .filter_map(|need| members.get(need.as_str()))
                    .map(|need| need.instance)
                    .filter(|need| *need != member.instance)
                    .collect(),
                dependencies: plan.dependencies_installed(),
            };
            let phase = Phase::Fetch(Box::new(batch));
            let operation = tenant.operation(&Command::Install, &key, Fence(1), now, phase);
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
                since: Some(now),
                reason: None,
                moved: Some(Moved {
                    command: CommandKind::Install,
                    by: tenant.scope.actor().clone(),
                    at: now,
                    wants: Some(Desired::Installed),
                }),
                operation: Some(operation),
                interrupted: None,
                fence: Fence(1),
                engine: plan.engine.clone(),
                runtime: RuntimeId::of_name(&[
                    &tenant.group_id().to_string(),
                    &member.instance.to_string(),
                ]),
                artifact: None,
                packages: Vec::new(),
                members: runs_with,
                pin: None,
                notices: Vec::new(),
                grants: plan.grants.clone(),
                parameters: step.parameters.clone(),
                settings: BTreeMap::new(),
                settings_revision: 0,
                secrets_under_way: Givings::default(),
                secrets_unsure: BTreeSet::new(),
                secrets_kept: Some(BTreeSet::new()),
                components: Vec::new(),
                executions: BTreeMap::new(),
                holds: Holds::default(),
                restart_owed: None,
                strays: BTreeSet::new(),
                agents: BTreeMap::new(),
                open_to_agents: BTreeSet::new(),
                errors: ErrorWindow::default(),
                usage: Hours::default(),
                breaker: Breaker::default(),
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
    pub(crate) fn intent(
        &self,
        tenant: &Tenant,
        now: Timestamp,
    ) -> Result<ChangeSet, ManagerError> {
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
}

/// Whether a package of a plan becomes an instance.
const fn is_new(step: &PlanStep) -> bool {
    matches!(step.part, PlanPart::Root | PlanPart::Dependency)
}

/// A package of a plan and everything it needs, in install order.
pub(crate) fn closure<'a>(steps: &'a [PlanStep], root: &PlanStep) -> Vec<&'a PlanStep> {
    let mut wanted = vec![root.package.as_str()];
    let mut seen = BTreeSet::new();
    while let Some(name) = wanted.pop() {
        if let Some(step) = steps.iter().find(|step| step.package.as_str() == name)
            && seen.insert(step.package.as_str())
        {
            wanted.extend(
                step.needs
                    .iter()
                    .map(plugin_runtime_api::PluginName::as_str),
            );
        }
    }
    steps
        .iter()
        .filter(|step| seen.contains(step.package.as_str()))
        .collect()
}
