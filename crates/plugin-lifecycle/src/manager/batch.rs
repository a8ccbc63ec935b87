//! Starting and stopping several instances.

use std::collections::{BTreeMap, BTreeSet};

use one_ontology::ThingId;
use plugin_registry::Silent;

use crate::{
    BatchMember, BatchOutcome, BatchProgress, BatchReport, BatchStep, Chosen, Course, Instance,
    ManagerError, Operation, StateKind, Tenant,
};

/// What is done to each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    Activate,
    Deactivate,
}

impl Tenant {
    /// Starts several plugins one after another, those that others need before those. Each is an operation of its own; where one does
    /// not start, those that need it are passed over and all others are started.
    ///
    /// # Errors
    /// `Denied`, `Store`; `InstanceNotFound` where one of those named is not here, and none is started.
    pub async fn activate_all(&self, chosen: &Chosen) -> Result<BatchReport, ManagerError> {
        self.activate_all_with(chosen, &Silent).await
    }

    /// As [`Tenant::activate_all`], telling `progress` how far it is.
    ///
    /// # Errors
    /// As [`Tenant::activate_all`].
    pub async fn activate_all_with(
        &self,
        chosen: &Chosen,
        progress: &dyn BatchProgress,
    ) -> Result<BatchReport, ManagerError> {
        self.allow(Operation::ActivatePluginForAgent)?;
        self.go_through(Act::Activate, chosen, progress).await
    }

    /// Stops several plugins one after another, those that need others before those. Each is an operation of its own; where one does
    /// not stop, those that it needs are passed over and all others are stopped.
    ///
    /// # Errors
    /// `Denied`, `Store`; `InstanceNotFound` where one of those named is not here, and none is stopped.
    pub async fn deactivate_all(&self, chosen: &Chosen) -> Result<BatchReport, ManagerError> {
        self.deactivate_all_with(chosen, &Silent).await
    }

    /// As [`Tenant::deactivate_all`], telling `progress` how far it is.
    ///
    /// # Errors
    /// As [`Tenant::deactivate_all`].
    pub async fn deactivate_all_with(
        &self,
        chosen: &Chosen,
        progress: &dyn BatchProgress,
    ) -> Result<BatchReport, ManagerError> {
        self.allow(Operation::DeactivatePluginForAgent)?;
        self.go_through(Act::Deactivate, chosen, progress).await
    }

    async fn go_through(
        &self,
        act: Act,
        chosen: &Chosen,
        progress: &dyn BatchProgress,
    ) -> Result<BatchReport, ManagerError> {
        let instances = self.chosen(chosen).await?;
        let needs = self.needs_among(&instances).await?;
        let pairs = needs.into_iter().map(|(who, whom)| match act {
            Act::Activate => (who, whom),
            Act::Deactivate => (whom, who),
        });
        let ids: Vec<ThingId> = instances.iter().map(|it| it.id).collect();
        let course = Course::new(&ids, pairs);
        let mut going = Going::new(&instances, progress);
        for id in course.order() {
            let Some(instance) = going.begins(*id) else {
                continue;
            };
            let held = course.held_by(*id, &going.failed);
            let outcome = match held {
                Some(because_of) => {
                    at_rest(act, chosen, instance).unwrap_or(BatchOutcome::Skipped { because_of })
                }
                None => self.act_on(act, chosen, *id).await,
            };
            going.ended(instance, &instance.properties.version, outcome);
        }
        Ok(going.report)
    }

    /// Does it to an instance as it is by now: those before it may have taken long, and what somebody suspended meanwhile is
    /// neither started nor said to be wanted installed.
    async fn act_on(&self, act: Act, chosen: &Chosen, id: ThingId) -> BatchOutcome {
        let now = match self.load(id).await {
            Ok(now) => now,
            Err(error) => return BatchOutcome::failed(&error),
        };
        if let Some(outcome) = at_rest(act, chosen, &now) {
            return outcome;
        }
        match self.act(act, id).await {
            Ok(()) => BatchOutcome::Done,
            Err(error) => BatchOutcome::failed(&error),
        }
    }

    async fn act(&self, act: Act, instance: ThingId) -> Result<(), ManagerError> {
        match act {
            Act::Activate => self.activate(instance).await.map(drop),
            Act::Deactivate => self.deactivate(instance).await,
        }
    }

    /// The instances that are meant, by package.
    async fn chosen(&self, chosen: &Chosen) -> Result<Vec<Instance>, ManagerError> {
        let mut found = match chosen {
            Chosen::All => self.load_all().await?,
            Chosen::These(ids) => {
                let ids: BTreeSet<ThingId> = ids.iter().copied().collect();
                let mut found = Vec::with_capacity(ids.len());
                for id in ids {
                    found.push(self.load(id).await?);
                }
                found
            }
        };
        found.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
        Ok(found)
    }

    /// Which of these instances need which.
    pub(crate) async fn needs_among(
        &self,
        instances: &[Instance],
    ) -> Result<Vec<(ThingId, ThingId)>, ManagerError> {
        let mut pairs = Vec::new();
        for instance in instances {
            let needs = self.needs_of(instance.id).await?;
            pairs.extend(needs.into_iter().map(|(_, need)| (instance.id, need)));
        }
        Ok(pairs)
    }
}

/// How far instances have been gone through.
pub(crate) struct Going<'a> {
    by_id: BTreeMap<ThingId, &'a Instance>,
    progress: &'a dyn BatchProgress,
    begun: usize,
    /// Of which it did not come to pass.
    pub(crate) failed: BTreeSet<ThingId>,
    pub(crate) report: BatchReport,
}

impl<'a> Going<'a> {
    pub(crate) fn new(instances: &'a [Instance], progress: &'a dyn BatchProgress) -> Self {
        Self {
            by_id: instances.iter().map(|it| (it.id, it)).collect(),
            progress,
            begun: 0,
            failed: BTreeSet::new(),
            report: BatchReport::default(),
        }
    }

    pub(crate) fn begins(&mut self, id: ThingId) -> Option<&'a Instance> {
        let instance = *self.by_id.get(&id)?;
        self.begun += 1;
        self.progress.step(BatchStep::Begins {
            package: &instance.name,
            at: self.begun,
            of: self.by_id.len(),
        });
        Some(instance)
    }

    pub(crate) fn ended(&mut self, instance: &Instance, version: &str, outcome: BatchOutcome) {
        if outcome.is_failure() {
            self.failed.insert(instance.id);
        }
        let member = BatchMember {
            instance: instance.id,
            package: instance.name.clone(),
            version: version.to_owned(),
            outcome,
        };
        self.progress.step(BatchStep::Ended(&member));
        self.report.members.push(member);
    }
}

/// What is to be said of an instance to which nothing is done.
fn at_rest(act: Act, chosen: &Chosen, instance: &Instance) -> Option<BatchOutcome> {
    let state = instance.properties.lifecycle.kind();
    let left = match chosen {
        Chosen::All => Some(BatchOutcome::Left { state }),
        // Whoever names it is told why it cannot be.
        Chosen::These(_) => None,
    };
    match (state, act) {
        (StateKind::Active | StateKind::Executing, Act::Activate)
        | (StateKind::Installed, Act::Deactivate) => Some(BatchOutcome::Already),
        (StateKind::Active | StateKind::Executing, Act::Deactivate)
        | (StateKind::Installed | StateKind::Error, Act::Activate) => None,
        (StateKind::Error, Act::Deactivate)
        | (
            StateKind::Discovered
            | StateKind::Installing
            | StateKind::Activating
            | StateKind::Deactivating
            | StateKind::Suspended
            | StateKind::Failed
            | StateKind::Updating
            | StateKind::RollingBack
            | StateKind::Uninstalling
            | StateKind::Uninstalled,
            Act::Activate | Act::Deactivate,
        ) => left,
    }
}
