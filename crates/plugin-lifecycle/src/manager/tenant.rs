//! A tenant's handle.

use one_ontology::{Group, GroupId, Scope, ThingId, ThingQuery, ThingStatus};

use crate::manager::plugin_manager::Shared;
use crate::{AdmissionRefusal, Instance, ManagerError, Operation, PluginManager, Shown, allow};

/// One actor in one organisation: everything that can be done there. Only
/// [`PluginManager::tenant`] makes one.
#[derive(Clone, Debug)]
pub struct Tenant {
    pub(crate) manager: PluginManager,
    pub(crate) scope: Scope,
    pub(crate) group: Group,
}

impl Tenant {
    pub(crate) const fn new(manager: PluginManager, scope: Scope, group: Group) -> Self {
        Self {
            manager,
            scope,
            group,
        }
    }

    /// Who acts, where, as what.
    #[must_use]
    pub const fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The organisation, as it was when the handle was made.
    #[must_use]
    pub const fn group(&self) -> &Group {
        &self.group
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.manager.shared
    }

    pub(crate) const fn group_id(&self) -> GroupId {
        self.group.id
    }

    pub(crate) fn allow(&self, operation: Operation) -> Result<Shown, AdmissionRefusal> {
        allow(&self.scope, operation)
    }

    /// One instance, whatever its state; for those who may not see values, its settings are
    /// `[redacted]`.
    ///
    /// # Errors
    /// `Denied`, `InstanceNotFound` (also for another organisation's), `Unreadable`, `Store`.
    pub async fn instance(&self, instance: ThingId) -> Result<Instance, ManagerError> {
        self.allow(Operation::ViewOrgInstalledPlugins)?;
        let shown = self.allow(Operation::ViewPluginConfig)?;
        Ok(redacted(self.load(instance).await?, shown))
    }

    pub(crate) async fn load(&self, instance: ThingId) -> Result<Instance, ManagerError> {
        let found = self.find(instance).await?;
        found.ok_or(ManagerError::InstanceNotFound { instance })
    }

    /// One instance, none if it is not here or no more.
    pub(crate) async fn find(&self, instance: ThingId) -> Result<Option<Instance>, ManagerError> {
        let found = self.whatever_is_left(instance).await?;
        Ok(found.filter(|instance| instance.status != ThingStatus::Archived))
    }

    /// One instance, also where it is no more; none if there never was one here.
    pub(crate) async fn whatever_is_left(
        &self,
        instance: ThingId,
    ) -> Result<Option<Instance>, ManagerError> {
        let thing = self.shared().store.thing(&self.scope, instance).await?;
        let thing = thing.filter(|thing| thing.thing_type == instance_type());
        let typed = thing.map(one_ontology::Thing::typed).transpose();
        typed.map_err(|violations| ManagerError::Unreadable {
            instance,
            violations,
        })
    }

    /// Every instance that is not removed.
    pub(crate) async fn load_all(&self) -> Result<Vec<Instance>, ManagerError> {
        self.load_each().await?.into_iter().collect()
    }

    /// Every instance that is not removed, or why it cannot be read.
    pub(crate) async fn load_each(
        &self,
    ) -> Result<Vec<Result<Instance, ManagerError>>, ManagerError> {
        let mut query = ThingQuery::of_type(instance_type());
        let mut instances = Vec::new();
        loop {
            let page = self.shared().store.things(&self.scope, &query).await?;
            for thing in page.items {
                let id = thing.id;
                let typed = thing.typed();
                instances.push(typed.map_err(|violations| ManagerError::Unreadable {
                    instance: id,
                    violations,
                }));
            }
            match page.next {
                Some(cursor) => query.cursor = Some(cursor),
                None => return Ok(instances),
            }
        }
    }
}

/// An instance as somebody may see it.
pub(crate) fn redacted(mut instance: Instance, shown: Shown) -> Instance {
    if shown == Shown::Redacted {
        let properties = &mut instance.properties;
        let agents = properties.agents.values_mut();
        let own = agents.flat_map(|grant| grant.settings.values_mut());
        for value in properties.settings.values_mut().chain(own) {
            *value = "[redacted]".into();
        }
    }
    instance
}

pub(crate) fn instance_type() -> one_ontology::ThingType {
    one_ontology::PluginThingType::PluginInstance.into()
}
