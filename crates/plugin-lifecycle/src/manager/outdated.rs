//! What installed plugins follow, and what of that is newer.

use plugin_resolver::Request;

use crate::manager::seek::{Ahead, LATEST, Seek, Sought};
use crate::{
    Instance, ManagerError, Operation, OutdatedPlugin, PackagePart, StateKind, Tenant, UpdateKind,
    UpdatePlan,
};

/// What an instance is offered, with the plan of it.
pub(crate) struct Offered {
    pub(crate) found: OutdatedPlugin,
    pub(crate) plan: Option<UpdatePlan>,
}

impl Tenant {
    /// The installed plugins of which their sources have another version than the one that is installed: what they follow, with what
    /// it would break, and what is too young to be offered. Also those that stay at their version and would run with other packages,
    /// where something is said of those that they run with, or a plugin that they need is another version by now. What cannot be
    /// told of one keeps nobody from the others.
    ///
    /// # Errors
    /// `Denied`, `Store`.
    pub async fn outdated(&self) -> Result<Vec<OutdatedPlugin>, ManagerError> {
        self.allow(Operation::ViewOrgInstalledPlugins)?;
        let ahead = Ahead::new();
        let mut outdated = Vec::new();
        for instance in self.load_all().await? {
            if can_be_offered(&instance) {
                let offered = self.offered(&instance, &ahead).await?;
                outdated.extend(offered.map(|it| it.found));
            }
        }
        Ok(outdated)
    }

    /// What an instance is offered; none where nothing is to be said.
    pub(crate) async fn offered(
        &self,
        instance: &Instance,
        ahead: &Ahead,
    ) -> Result<Option<Offered>, ManagerError> {
        let seek = |requested| Seek {
            instance: instance.id,
            requested,
            how: Request::new(),
            ahead,
        };
        let mut found = unchanged(instance);
        let error = match self.seek(&seek(LATEST)).await {
            Ok((sought, plan)) => {
                found.follows.clone_from(&sought.follows);
                found.young.clone_from(&sought.young);
                match plan {
                    Ok(plan) if is_due(&sought, &plan) => return Ok(Some(with(found, plan))),
                    Ok(_) | Err(ManagerError::AlreadyInstalled { .. }) => {
                        let is_said = found.young.is_some();
                        return Ok(is_said.then_some(Offered { found, plan: None }));
                    }
                    Err(error) => error,
                }
            }
            Err(error) => error,
        };
        if matches!(error, ManagerError::Admission(_)) {
            return Err(error);
        }
        found.held_by = Some(error.to_string());
        if !instance.properties.notices.is_empty() {
            // No other version; perhaps the same one with other packages.
            let own = seek(instance.properties.version.as_str());
            if let Ok((sought, Ok(plan))) = self.seek(&own).await
                && is_due(&sought, &plan)
            {
                return Ok(Some(with(found, plan)));
            }
        }
        Ok(Some(Offered { found, plan: None }))
    }
}

/// Whether there is something of an instance that could be another version.
pub(crate) fn can_be_offered(instance: &Instance) -> bool {
    let properties = &instance.properties;
    properties.is_there() && properties.lifecycle.kind() != StateKind::Installing
}

fn unchanged(instance: &Instance) -> OutdatedPlugin {
    let properties = &instance.properties;
    OutdatedPlugin {
        instance: instance.id,
        package: properties.npm_package.clone(),
        from: properties.version.clone(),
        to: None,
        kind: None,
        breaking: Vec::new(),
        changes: Vec::new(),
        settles: Vec::new(),
        follows: None,
        young: None,
        notices: properties.notices.clone(),
        held_by: None,
    }
}

fn with(mut found: OutdatedPlugin, plan: UpdatePlan) -> Offered {
    found.to = Some(plan.to.clone());
    found.kind = Some(plan.kind);
    found.breaking.clone_from(&plan.breaking);
    found.changes.clone_from(&plan.changes);
    found.settles.clone_from(&plan.settles);
    Offered {
        found,
        plan: Some(plan),
    }
}

/// Whether a plan is to be offered. That something shared has a newer release is no reason to start a plugin anew.
fn is_due(sought: &Sought, plan: &UpdatePlan) -> bool {
    let mut changes = plan.changes.iter();
    let is_stale = changes.any(|it| {
        let unwanted = it.from.iter();
        let mut unwanted = unwanted.map(|from| (it.package.clone(), from.clone()));
        it.part == PackagePart::Plugin || unwanted.any(|it| sought.unwanted.contains(&it))
    });
    plan.kind != UpdateKind::Rebuild || is_stale || !plan.settles.is_empty()
}
