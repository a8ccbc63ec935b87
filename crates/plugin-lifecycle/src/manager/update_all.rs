//! Updating everything.

use one_ontology::ThingId;
use plugin_registry::Silent;
use plugin_resolver::Request;

use crate::manager::batch::Going;
use crate::manager::outdated::{Offered, can_be_offered};
use crate::manager::seek::{Ahead, Seek};
use crate::manager::update::outdated;
use crate::{
    Approvals, BatchOutcome, BatchProgress, BatchReport, Course, Instance, ManagerError, Operation,
    PlanPart, PlannedUpdate, StateKind, Tenant, UpdatePlan, UpdatePlans,
};

impl Tenant {
    /// What updating everything that is installed would do: for each plugin what [`Tenant::outdated`] says of it, with the plan, in the
    /// order in which it is to be done. Those that others need come first, and a plan counts on those before it being what their
    /// plans say. Writes nothing.
    ///
    /// # Errors
    /// `Denied`, `Store`.
    pub async fn plan_updates(&self) -> Result<UpdatePlans, ManagerError> {
        self.allow(Operation::UpdatePluginVersion)?;
        let mut instances = self.load_all().await?;
        instances.retain(can_be_offered);
        instances.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
        let ids: Vec<ThingId> = instances.iter().map(|it| it.id).collect();
        let course = Course::new(&ids, self.needs_among(&instances).await?);
        let (mut ahead, mut plugins) = (Ahead::new(), Vec::new());
        for id in course.order() {
            let Some(instance) = instances.iter().find(|it| it.id == *id) else {
                continue;
            };
            let Some(Offered { found, plan }) = self.offered_ahead(instance, &ahead).await? else {
                continue;
            };
            if let Some(plan) = &plan {
                ahead.insert(*id, plan.to.clone());
            }
            plugins.push(PlannedUpdate {
                offered: found,
                plan,
            });
        }
        Ok(UpdatePlans {
            group: self.group_id(),
            plugins,
        })
    }

    /// What an instance is offered when others are what they will be; where that holds it, what it is offered now.
    async fn offered_ahead(
        &self,
        instance: &Instance,
        ahead: &Ahead,
    ) -> Result<Option<Offered>, ManagerError> {
        let offered = self.offered(instance, ahead).await?;
        let is_held = |offered: &Offered| offered.plan.is_none() && offered.found.held_by.is_some();
        if ahead.is_empty() || !offered.as_ref().is_some_and(is_held) {
            return Ok(offered);
        }
        let now = self.offered(instance, &Ahead::new()).await?;
        Ok(now.filter(|now| now.plan.is_some()).or(offered))
    }

    /// Changes versions as plans say, one after another, if all that each breaks is agreed to. Each is an operation of its own; where one
    /// does not come to pass, it keeps nobody else from his, other than those that cannot do without.
    ///
    /// # Errors
    /// `Denied`, `Store`; `PlanOutdated` for the plans of another organisation. What becomes of each is in the report.
    pub async fn update_all(
        &self,
        plans: &UpdatePlans,
        approvals: &Approvals,
    ) -> Result<BatchReport, ManagerError> {
        self.update_all_with(plans, approvals, &Silent).await
    }

    /// As [`Tenant::update_all`], telling `progress` how far it is.
    ///
    /// # Errors
    /// As [`Tenant::update_all`].
    pub async fn update_all_with(
        &self,
        plans: &UpdatePlans,
        approvals: &Approvals,
        progress: &dyn BatchProgress,
    ) -> Result<BatchReport, ManagerError> {
        self.allow(Operation::UpdatePluginVersion)?;
        if plans.group != self.group_id() {
            return Err(outdated("it was made for another organisation"));
        }
        let mut instances = Vec::with_capacity(plans.plugins.len());
        for planned in &plans.plugins {
            instances.extend(self.find(planned.offered.instance).await?);
        }
        let mut going = Going::new(&instances, progress);
        for planned in &plans.plugins {
            let Some(instance) = going.begins(planned.offered.instance) else {
                continue;
            };
            let mut version = instance.properties.version.clone();
            let outcome = match (&planned.plan, &planned.offered.held_by) {
                (Some(plan), _) => {
                    let outcome = self.update_one(plan, approvals, progress).await;
                    if outcome == BatchOutcome::Done {
                        version = plan.to.to_string();
                    }
                    outcome
                }
                (None, Some(reason)) => BatchOutcome::Held {
                    reason: reason.clone(),
                },
                (None, None) => BatchOutcome::Already,
            };
            going.ended(instance, &version, outcome);
        }
        Ok(going.report)
    }

    async fn update_one(
        &self,
        plan: &UpdatePlan,
        approvals: &Approvals,
        progress: &dyn BatchProgress,
    ) -> BatchOutcome {
        match self.try_update(plan, approvals, progress).await {
            Ok(outcome) => outcome,
            Err(error) => BatchOutcome::failed(&error),
        }
    }

    async fn try_update(
        &self,
        plan: &UpdatePlan,
        approvals: &Approvals,
        progress: &dyn BatchProgress,
    ) -> Result<BatchOutcome, ManagerError> {
        let state = self.load(plan.instance).await?.properties.lifecycle.kind();
        if !can_be_updated(state) {
            return Ok(BatchOutcome::Left { state });
        }
        let approval = approvals.of_instance(plan.instance);
        let Some(because_of) = self.unforeseen(plan).await? else {
            self.update_with(plan, approval, progress).await?;
            return Ok(BatchOutcome::Done);
        };
        // To the same version it may come without that.
        match self.planned_anew(plan).await {
            Ok(plan) => {
                self.update_with(&plan, approval, progress).await?;
                Ok(BatchOutcome::Done)
            }
            Err(_) => Ok(BatchOutcome::Skipped { because_of }),
        }
    }

    /// One that a plan counts on and that is not what it was to be.
    async fn unforeseen(&self, plan: &UpdatePlan) -> Result<Option<ThingId>, ManagerError> {
        for step in &plan.steps {
            if let PlanPart::Present { instance } = step.part {
                let found = self.find(instance).await?;
                let version = found.map(|it| it.properties.version);
                if version != Some(step.version.to_string()) {
                    return Ok(Some(instance));
                }
            }
        }
        Ok(None)
    }

    /// A plan that brings the same version beside what there is.
    async fn planned_anew(&self, plan: &UpdatePlan) -> Result<UpdatePlan, ManagerError> {
        let (requested, ahead) = (plan.to.to_string(), Ahead::new());
        let seek = Seek {
            instance: plan.instance,
            requested: &requested,
            how: Request::new(),
            ahead: &ahead,
        };
        self.seek(&seek).await?.1
    }
}

/// Whether the version of what is in this state is changed.
const fn can_be_updated(state: StateKind) -> bool {
    match state {
        StateKind::Installed | StateKind::Active | StateKind::Executing => true,
        StateKind::Discovered
        | StateKind::Installing
        | StateKind::Activating
        | StateKind::Deactivating
        | StateKind::Suspended
        | StateKind::Error
        | StateKind::Failed
        | StateKind::Updating
        | StateKind::RollingBack
        | StateKind::Uninstalling
        | StateKind::Uninstalled => false,
    }
}
