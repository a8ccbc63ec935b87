//! What updating everything would do, as a value.

use std::collections::BTreeMap;

use one_ontology::{GroupId, ThingId};
use serde::{Deserialize, Serialize};

use super::{Approval, OutdatedPlugin, UpdatePlan};

/// What updating everything that is installed would do, in the order in which it is to be done: inspect it, approve it, then update.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UpdatePlans {
    /// For which organisation. Another refuses it.
    pub group: GroupId,
    /// Each plugin that could be another version, or that something else is to be said of.
    pub plugins: Vec<PlannedUpdate>,
}

/// What updating everything would do to a plugin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedUpdate {
    /// What it is offered, and what holds it.
    #[serde(flatten)]
    pub offered: OutdatedPlugin,
    /// What is done; none where nothing can be. It counts on those before it being what their plans say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<UpdatePlan>,
}

impl UpdatePlans {
    /// The plans, in their order.
    pub fn plans(&self) -> impl Iterator<Item = &UpdatePlan> {
        self.plugins.iter().filter_map(|it| it.plan.as_ref())
    }
}

/// Which breaking changes of several plans are agreed to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approvals {
    all: Approval,
    each: BTreeMap<ThingId, Approval>,
}

impl Approvals {
    /// To none.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// To all that plans say, and to nothing else.
    #[must_use]
    pub fn of(plans: &UpdatePlans) -> Self {
        let each = plans
            .plans()
            .map(|plan| (plan.instance, Approval::of(plan)));
        Self {
            all: Approval::none(),
            each: each.collect(),
        }
    }

    /// To the same of each instance for which nothing else is said.
    #[must_use]
    pub fn same(approval: Approval) -> Self {
        Self {
            all: approval,
            each: BTreeMap::new(),
        }
    }

    /// For one instance this.
    #[must_use]
    pub fn with(mut self, instance: ThingId, approval: Approval) -> Self {
        self.each.insert(instance, approval);
        self
    }

    /// What is agreed to for an instance.
    #[must_use]
    pub fn of_instance(&self, instance: ThingId) -> &Approval {
        self.each.get(&instance).unwrap_or(&self.all)
    }
}
