//! Updating.

use std::collections::{BTreeMap, BTreeSet};

use one_ontology::{ConnectionId, IdempotencyKey, NewEvent, ThingId, Timestamp};
use plugin_registry::{ProgressSink, Silent};
use plugin_runtime_api::{Engine, RuntimeId};

use crate::manager::hold::Holding;
use crate::manager::installation::closure;
use crate::manager::plan_update::refuse_pinned;
use crate::manager::write::{Step, untyped};
use crate::update::still_begins;
use crate::{
    ActivityKind, Approval, Change, ChangePart, Command, CommandKind, Edition, Instance,
    ManagerError, Member, Operation, Phase, PlanPart, PlanStep, Snapshot, StateKind, Tenant,
    UpdateKind, UpdatePlan, breaking, kept_settings,
};

/// What is read beside an instance before its version is changed. Whoever writes any of it writes the
/// instance too.
pub(crate) struct Beside {
    pub(crate) snapshots: Vec<Snapshot>,
    pub(crate) needs: Vec<(ConnectionId, ThingId)>,
    /// Who needs it, each with its version.
    dependents: BTreeMap<ThingId, String>,
}

impl Beside {
    pub(crate) fn needed(&self) -> Vec<ThingId> {
        self.needs.iter().map(|(_, to)| *to).collect()
    }
}

impl Tenant {
    /// Changes the version of an instance as a plan says, if all that it breaks is agreed to.
    ///
    /// What it was is kept first, in the same change set as the intent. An active instance serves until the
    /// packages are fetched; then it admits no more executions, those under way end, the new version is
    /// started beside the old one, and when it runs the old one is stopped. Where anything of that fails,
    /// the version of before is brought back. Settings that the new version takes are kept, and all secrets.
    ///
    /// # Errors
    /// `Denied`, `CommandRefused`, `InstanceNotFound`, `NoExecutor`, `PlanOutdated`, `ReleaseRevoked`, `UpdateNotApproved`, `Source` when the
    /// packages cannot be fetched, and nothing is changed; `UpdateRolledBack` when the version of before
    /// is back, `RollbackFailed` when it does not start either, and the instance rests in ERROR.
    pub async fn update(&self, plan: &UpdatePlan, approval: &Approval) -> Result<(), ManagerError> {
        self.update_with(plan, approval, &Silent).await
    }

    /// As [`Tenant::update`], telling `progress` how far it is.
    ///
    /// # Errors
    /// As [`Tenant::update`].
    pub async fn update_with(
        &self,
        plan: &UpdatePlan,
        approval: &Approval,
        progress: &dyn ProgressSink,
    ) -> Result<(), ManagerError> {
        let work = Box::pin(self.update_with_unobserved(plan, approval, progress));
        self.observed(ActivityKind::Update, Some(plan.instance), work)
            .await
    }

    async fn update_with_unobserved(
        &self,
        plan: &UpdatePlan,
        approval: &Approval,
        progress: &dyn ProgressSink,
    ) -> Result<(), ManagerError> {
        self.allow(Operation::UpdatePluginVersion)?;
        self.refuse_foreign(&plan.engine)?;
        self.check_update(plan).await?;
        self.refuse_revoked(plan.steps.iter().map(PlanStep::release))
            .await?;
        let found = self.load(plan.instance).await?;
        // Refused before anything is fetched, and again on what is written.
        let runtime = found.properties.runtime;
        edition(plan, approval, &found, runtime)?;
        let packages = packages(plan);
        if !packages.is_empty() {
            // While the version of before is there, and may serve.
            self.stage_packages(&plan.engine, &packages, progress)
                .await?;
        }
        let begin = |found: Instance, beside: Beside, now| {
            self.update_step(plan, approval, found, &beside, now)
        };
        let begun = self
            .begin_change(plan.instance, CommandKind::Update, begin)
            .await?;
        self.change(begun, progress).await
    }

    /// Refuses what nobody here could run: it would not start in any version.
    pub(crate) fn refuse_foreign(&self, engine: &Engine) -> Result<(), ManagerError> {
        match self.shared().executor.enforcement(engine) {
            Some(_) => Ok(()),
            None => Err(ManagerError::NoExecutor {
                engine: engine.to_string(),
            }),
        }
    }

    /// A plan is a value and may have been edited.
    async fn check_update(&self, plan: &UpdatePlan) -> Result<(), ManagerError> {
        if plan.group != self.group_id() {
            return Err(outdated("it was made for another organisation"));
        }
        let mut names = BTreeSet::new();
        if !plan.steps.iter().all(|s| names.insert(s.package.as_str())) {
            return Err(outdated("it holds a package twice"));
        }
        let mut needs = plan.steps.iter().flat_map(|s| s.needs.iter());
        if !needs.all(|need| names.contains(need.as_str())) {
            return Err(outdated("it needs a package that it does not hold"));
        }
        let root = plan.root().filter(|step| step.part == PlanPart::Root);
        if root.is_none_or(|root| root.version != plan.to) {
            return Err(outdated("it does not hold the version asked for"));
        }
        for step in &plan.steps {
            match step.part {
                PlanPart::Dependency => {
                    return Err(outdated("it needs a plugin that is not installed"));
                }
                PlanPart::Present { instance } => {
                    self.refuse_missing(&[instance]).await?;
                    let found = self.load(instance).await?.properties;
                    if found.npm_package != step.package {
                        return Err(outdated("what it counts on is another package"));
                    }
                    if found.version != step.version.to_string() {
                        return Err(outdated("what it counts on has another version by now"));
                    }
                }
                PlanPart::Root if step.package != plan.package => {
                    return Err(outdated("it holds another plugin asked for"));
                }
                PlanPart::Root | PlanPart::Shared => {}
            }
        }
        Ok(())
    }

    fn update_step(
        &self,
        plan: &UpdatePlan,
        approval: &Approval,
        found: Instance,
        beside: &Beside,
        now: Timestamp,
    ) -> Result<Step, ManagerError> {
        let known = plan.dependents.iter();
        let known: BTreeMap<ThingId, &str> =
            known.map(|it| (it.instance, it.version.as_str())).collect();
        for (dependent, version) in &beside.dependents {
            match known.get(dependent) {
                Some(known) if known == version => {}
                Some(_) => {
                    return Err(outdated(
                        "a plugin that needs it has another version by now",
                    ));
                }
                None => return Err(outdated("another plugin needs it by now")),
            }
        }
        let key = self.new_key(CommandKind::Update.as_str(), now)?;
        let runtime = self.runtime_of(found.id, &key);
        let to = edition(plan, approval, &found, runtime)?;
        let snapshot = self.snapshot(&found, beside.needed(), now);
        let change = Change {
            part: ChangePart::Fetch,
            to,
            leave: BTreeSet::new(),
            approved: approval.permissions().clone(),
            snapshot: Some(snapshot.id),
        };
        let mut step = self.change_step(found, Command::Update, &key, change, now)?;
        step.changes = step.changes.insert(untyped(&snapshot)?);
        Ok(step)
    }

    /// The runtime of an instance in the version that an operation brings.
    pub(crate) fn runtime_of(&self, instance: ThingId, key: &IdempotencyKey) -> RuntimeId {
        RuntimeId::of_name(&[
            &self.group_id().to_string(),
            &instance.to_string(),
            key.as_str(),
        ])
    }

    /// Brings an instance on its way to another version.
    pub(crate) fn change_step(
        &self,
        found: Instance,
        command: Command,
        key: &IdempotencyKey,
        mut change: Change,
        now: Timestamp,
    ) -> Result<Step, ManagerError> {
        if is_running(&found) {
            change.leave.insert(found.properties.runtime);
        }
        let (from, to) = (found.properties.version.clone(), change.to.version.clone());
        let snapshot = change.snapshot.map(|id| id.to_string());
        let fence = found.properties.fence.next();
        let phase = Phase::Change(Box::new(change));
        let operation = self.operation(&command, key, fence, now, phase);
        let describe = |event: NewEvent| {
            let event = event.with("operation", command.kind().as_str());
            let event = event.with("from", from.as_str()).with("to", to.as_str());
            match &snapshot {
                Some(snapshot) => event.with("snapshot", snapshot.as_str()),
                None => event,
            }
        };
        let edit = |p: &mut crate::PluginInstance| {
            p.fence = fence;
            p.reason = None;
            p.holds.clear();
            p.operation = Some(operation);
        };
        self.step(found, command, now, edit, describe)
    }

    /// Begins a change of version when nothing is under way on an instance: where executions are, admits no
    /// more of them and lets those end.
    pub(crate) async fn begin_change(
        &self,
        id: ThingId,
        command: CommandKind,
        begin: impl Fn(Instance, Beside, Timestamp) -> Result<Step, ManagerError>,
    ) -> Result<Instance, ManagerError> {
        let holding = self.holding(id, command);
        let begun = self.begin_when_idle(&holding, begin).await;
        self.let_go_if_failed(&holding, begun).await
    }

    async fn begin_when_idle(
        &self,
        holding: &Holding,
        begin: impl Fn(Instance, Beside, Timestamp) -> Result<Step, ManagerError>,
    ) -> Result<Instance, ManagerError> {
        let attempts = self.shared().policy.attempts;
        for _ in 0..attempts {
            let found = self.when_idle(holding).await?;
            // Read after the instance, and written with it.
            let beside = self.beside_change(&found).await?;
            let now = self.shared().now();
            let under_way = &found.properties.secrets_under_way;
            if under_way.alive_until(now).is_some() {
                // Which of the two versions they are checked for would be chance.
                return Err(ManagerError::Contended { attempts: 1 });
            }
            let step = begin(found, beside, now)?;
            if let Some((begun, _)) = self.write(step).await? {
                return Ok(begun);
            }
        }
        Err(ManagerError::Contended { attempts })
    }

    async fn beside_change(&self, found: &Instance) -> Result<Beside, ManagerError> {
        let dependents = self.dependents(found.id).await?.into_iter();
        Ok(Beside {
            snapshots: self.snapshots_of(found).await?,
            needs: self.needs_of(found.id).await?,
            dependents: dependents
                .map(|it| (it.id, it.properties.version))
                .collect(),
        })
    }
}

pub(crate) fn is_running(instance: &Instance) -> bool {
    matches!(
        instance.properties.lifecycle.kind(),
        StateKind::Active | StateKind::Executing
    )
}

pub(crate) fn outdated(reason: &str) -> ManagerError {
    ManagerError::PlanOutdated {
        reason: reason.to_owned(),
    }
}

fn packages(plan: &UpdatePlan) -> Vec<plugin_registry::PackagePin> {
    match plan.engine {
        Engine::Native => Vec::new(),
        _ => plan.packages(),
    }
}

/// What an instance becomes by a plan, if the plan is still true and all that it breaks is agreed to.
fn edition(
    plan: &UpdatePlan,
    approval: &Approval,
    found: &Instance,
    runtime: RuntimeId,
) -> Result<Edition, ManagerError> {
    let properties = &found.properties;
    if properties.npm_package != plan.package || properties.engine != plan.engine {
        return Err(outdated("its instance is another plugin"));
    }
    if properties.version != plan.from {
        return Err(outdated("the version of the plugin has changed meanwhile"));
    }
    if plan.kind == UpdateKind::Rebuild && !still_begins(properties, &plan.changes) {
        return Err(outdated(
            "the packages of the plugin have changed meanwhile",
        ));
    }
    refuse_pinned(properties, &plan.to)?;
    let root = plan
        .root()
        .ok_or_else(|| outdated("it does not hold the plugin asked for"))?;
    let breaks = breaking(properties, &plan.to, &root.parameters, &plan.dependents);
    let left = approval.left(&breaks);
    if !left.is_empty() {
        return Err(ManagerError::UpdateNotApproved {
            package: plan.package.clone(),
            to: plan.to.to_string(),
            breaking: left,
        });
    }
    let instances: BTreeMap<&str, ThingId> = plan
        .steps
        .iter()
        .filter_map(|step| match step.part {
            PlanPart::Root => Some((step.package.as_str(), found.id)),
            PlanPart::Present { instance } => Some((step.package.as_str(), instance)),
            PlanPart::Dependency | PlanPart::Shared => None,
        })
        .collect();
    let members = closure(&plan.steps, root).into_iter().filter_map(|step| {
        Some(Member {
            instance: *instances.get(step.package.as_str())?,
            package: step.package.clone(),
            version: step.version.to_string(),
        })
    });
    let needs = root.needs.iter();
    let needs = needs.filter_map(|need| instances.get(need.as_str()).copied());
    Ok(Edition {
        version: plan.to.to_string(),
        artifact: None,
        packages: packages(plan),
        runtime,
        members: members.collect(),
        needs: needs.filter(|need| *need != found.id).collect(),
        grants: properties.grants.clone(),
        parameters: root.parameters.clone(),
        settings: kept_settings(&properties.settings, &root.parameters),
        components: Vec::new(),
    })
}
