//! Where instances stand.

use std::collections::{BTreeMap, BTreeSet};

use one_ontology::{Actor, PersonId, ThingId};
use plugin_registry::Catalog;
use plugin_resolver::PackageName;

use crate::{Beside, Instance, ManagerError, Offer, Operation, Shown, Status, Tenant, status};

impl Tenant {
    /// Where an instance stands: what it is to be, what it is, what holds of it, and what the asker can
    /// do with it. It reads the store, and the names that the vault has; nothing is asked of an
    /// executor or of a registry ([`Tenant::outdated`] does).
    ///
    /// # Errors
    /// `Denied`, `InstanceNotFound` (also for another organisation's), `Unreadable`, `Store`.
    pub async fn status(&self, instance: ThingId) -> Result<Status, ManagerError> {
        self.allow(Operation::ViewOrgInstalledPlugins)?;
        let found = self.load(instance).await?;
        self.status_of(&found, &mut BTreeMap::new()).await
    }

    /// Where every instance of the organisation stands that is not removed, by package.
    ///
    /// # Errors
    /// As [`Tenant::status`].
    pub async fn statuses(&self) -> Result<Vec<Status>, ManagerError> {
        self.allow(Operation::ViewOrgInstalledPlugins)?;
        let mut people = BTreeMap::new();
        let mut statuses = Vec::new();
        for instance in self.load_all().await? {
            statuses.push(self.status_of(&instance, &mut people).await?);
        }
        statuses.sort_by(|a, b| a.package.as_str().cmp(b.package.as_str()));
        Ok(statuses)
    }

    async fn status_of(
        &self,
        instance: &Instance,
        people: &mut BTreeMap<PersonId, String>,
    ) -> Result<Status, ManagerError> {
        let row = &instance.properties;
        let moved = row.moved.as_ref();
        let by = moved.map_or(&row.installed_by, |moved| &moved.by);
        let beside = Beside {
            who: self.name_of(by, people).await?,
            offer: self.offer(instance).await,
            secrets: self.secrets_known(instance).await,
            waiting: Some(self.shared().lines.waiting(self.group_id())),
        };
        let policy = &self.shared().policy;
        let status = status(instance, &beside, policy, self.shared().now());
        Ok(status.seen_by(&self.scope))
    }

    /// Somebody in words, each asked for once.
    pub(crate) async fn name_of(
        &self,
        actor: &Actor,
        people: &mut BTreeMap<PersonId, String>,
    ) -> Result<String, ManagerError> {
        Ok(match actor {
            Actor::Person(id) => match people.get(id) {
                Some(name) => name.clone(),
                None => {
                    let person = self.shared().store.person(&self.scope, *id).await?;
                    let name = person.map_or_else(|| "Somebody".to_owned(), |it| it.display_name);
                    people.insert(*id, name.clone());
                    name
                }
            },
            Actor::Agent { .. } => "An agent".to_owned(),
            Actor::System(task) => format!("The platform ({task})"),
        })
    }

    /// What the catalog offers; what it cannot tell is not known, and no reason to say nothing.
    async fn offer(&self, instance: &Instance) -> Option<Offer> {
        let row = &instance.properties;
        let package: PackageName = row.npm_package.as_str().parse().ok()?;
        let catalog = Catalog::new(self.shared().store.clone(), &self.scope);
        let entry = catalog.by_package(&package).await.ok()??;
        Offer::of(&entry.properties, row.pin.as_ref())
    }

    /// The parameters that the vault has secrets for; unknown without a vault, to those who may not see
    /// settings, and where it gives no answer.
    async fn secrets_known(&self, instance: &Instance) -> Option<BTreeSet<String>> {
        if self.allow(Operation::ViewPluginConfig).ok()? != Shown::Whole {
            return None;
        }
        let vault = self.shared().vault.as_ref()?;
        let kept = vault.list(self.group_id(), instance.id).await.ok()?;
        Some(kept.into_iter().collect())
    }
}
