//! Removing.

use std::collections::BTreeSet;

use one_ontology::{ConnectionId, ConnectionQuery, End, PluginConnectionType, ThingId};

use crate::manager::kept::archived;
use crate::manager::tenant::redacted;
use crate::manager::write::{Step, still_held};
use crate::{
    ActivityKind, After, Command, Instance, ManagerError, Operation, State, StateKind,
    Subscription, Tenant,
};

/// Which dependents stand in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dependents {
    /// Those that run.
    Running,
    /// All.
    Installed,
}

impl Tenant {
    /// Removes a plugin: gives its installation up if it is under way, stops it if it runs, destroys its secrets, ends its connections. Its
    /// trail stays, and so do its fetched packages, which belong to no organisation.
    ///
    /// # Errors
    /// `Denied`, `CommandRefused`, `InstanceNotFound`, `HasDependents` when another installed
    /// plugin needs it, `SecretsLeft` when a vault may have secrets of it and this host has none; as [`Tenant::deactivate`] while it is stopped.
    pub async fn uninstall(&self, instance: ThingId) -> Result<(), ManagerError> {
        let work = Box::pin(self.uninstall_unobserved(instance));
        self.observed(ActivityKind::Uninstall, Some(instance), work)
            .await
    }

    async fn uninstall_unobserved(&self, instance: ThingId) -> Result<(), ManagerError> {
        self.allow(Operation::UninstallPluginFromOrg)?;
        self.refuse_if_needed(instance, Dependents::Installed)
            .await?;
        let found = self.load(instance).await?;
        self.refuse_left_secrets(&found)?;
        let removing = match found.properties.lifecycle {
            // Begun earlier and not finished: go on.
            State::Uninstalling
            | State::Deactivating {
                then: After::Uninstalling,
                ..
            } => self.joined(found).await?,
            State::Installing => self.cancel_install(instance).await?,
            _ => self.begin_removal(instance).await?,
        };
        self.take_away(removing).await
    }

    async fn begin_removal(&self, instance: ThingId) -> Result<Instance, ManagerError> {
        let attempts = self.shared().policy.attempts;
        for _ in 0..attempts {
            let found = self.load(instance).await?;
            self.refuse_left_secrets(&found)?;
            // After its row was read: who is installed that needs it writes the row.
            self.refuse_if_needed(instance, Dependents::Installed)
                .await?;
            let now = self.shared().now();
            let secrets = &found.properties.secrets_under_way;
            if secrets.alive_until(now).is_some() {
                // They would come into the vault when its secrets are destroyed already.
                return Err(ManagerError::Contended { attempts: 1 });
            }
            let step = self.begin_operation(found, Command::Uninstall, now)?;
            if let Some((begun, _)) = self.write(step).await? {
                return Ok(begun);
            }
        }
        Err(ManagerError::Contended { attempts })
    }

    /// Refuses where a vault may have secrets of an instance, and this host has no vault to destroy
    /// them in: somebody else's host has.
    pub(crate) fn refuse_left_secrets(&self, instance: &Instance) -> Result<(), ManagerError> {
        let left = instance.properties.secrets_left();
        if self.shared().vault.is_some() || left.is_empty() {
            return Ok(());
        }
        Err(ManagerError::SecretsLeft {
            names: left.into_iter().map(str::to_owned).collect(),
        })
    }

    /// Does what is left of a removal.
    pub(crate) async fn take_away(&self, removing: Instance) -> Result<(), ManagerError> {
        let stopped = match removing.properties.lifecycle.kind() {
            StateKind::Deactivating => self.drain(&removing).await?,
            _ => removing,
        };
        self.finish_uninstall(&stopped).await
    }

    /// Gives up an installation, whoever drives it: if somebody still does, they find it gone when
    /// they would write that it is done.
    async fn cancel_install(&self, instance: ThingId) -> Result<Instance, ManagerError> {
        let (cancelled, _) = self
            .rewrite(instance, |instance, now| {
                self.refuse_left_secrets(&instance)?;
                let mut step = self.begin_operation(instance, Command::Cancel, now)?;
                step.changes = self.give_back_plugins(step.changes, 1, now)?;
                Ok(step)
            })
            .await?;
        Ok(cancelled)
    }

    async fn finish_uninstall(&self, removing: &Instance) -> Result<(), ManagerError> {
        self.halt(removing).await?;
        match &self.shared().vault {
            Some(vault) => vault.destroy(self.group_id(), removing.id).await?,
            None => self.refuse_left_secrets(removing)?,
        }
        let attempts = self.shared().policy.attempts;
        for _ in 0..attempts {
            // After its row was read: whoever connects or subscribes it writes the row.
            let found = self.load(removing.id).await?;
            let subscriptions = self.load_subscriptions(Some(removing.id)).await?;
            let connections = self.connections_of(removing.id).await?;
            let snapshots = self.snapshots_of(removing).await?;
            let mut step = self.uninstalled(removing, found, &subscriptions, &connections)?;
            step.changes = snapshots.iter().fold(step.changes, archived);
            if self.write(step).await?.is_some() {
                return Ok(());
            }
        }
        Err(ManagerError::Contended { attempts })
    }

    fn uninstalled(
        &self,
        removing: &Instance,
        found: Instance,
        subscriptions: &[Subscription],
        connections: &[ConnectionId],
    ) -> Result<Step, ManagerError> {
        still_held(&found, removing)?;
        let now = self.shared().now();
        let agents = found.properties.agents.keys();
        let agents: Vec<String> = agents.map(ToString::to_string).collect();
        let mut step = self.step(
            found,
            Command::StepOk,
            now,
            |p| {
                p.operation = None;
                p.interrupted = None;
                // Their connections end with all others.
                p.agents.clear();
                // Whatever the vault took is destroyed, and it takes nothing more.
                p.secrets_under_way.clear();
                p.secrets_unsure.clear();
                p.secrets_kept = Some(BTreeSet::new());
            },
            |event| {
                let event = event.with("connections_removed", connections.len());
                match agents.as_slice() {
                    [] => event,
                    revoked => event.with("agents", revoked),
                }
            },
        )?;
        for subscription in subscriptions {
            step.changes = self.ending_subscription(step.changes, subscription, now)?;
        }
        for connection in connections {
            step.changes = step.changes.disconnect(*connection);
        }
        if removing.properties.installed_at.is_some() {
            step.changes = self.give_back_plugins(step.changes, 1, now)?;
        }
        Ok(step)
    }

    async fn connections_of(&self, instance: ThingId) -> Result<Vec<ConnectionId>, ManagerError> {
        let end: End = instance.into();
        let mut ids = Vec::new();
        for (from, to) in [(Some(end), None), (None, Some(end))] {
            let mut query = ConnectionQuery {
                from,
                to,
                ..ConnectionQuery::default()
            };
            loop {
                let page = self.shared().store.connections(&self.scope, &query).await?;
                ids.extend(page.items.iter().map(|connection| connection.id));
                match page.next {
                    Some(cursor) => query.cursor = Some(cursor),
                    None => break,
                }
            }
        }
        ids.sort_unstable();
        ids.dedup();
        Ok(ids)
    }

    /// The installed plugins that need this one, by package.
    ///
    /// # Errors
    /// `Denied`, `Store`.
    pub async fn dependents(&self, instance: ThingId) -> Result<Vec<Instance>, ManagerError> {
        self.allow(Operation::ViewPluginDependencies)?;
        let shown = self.allow(Operation::ViewPluginConfig)?;
        let mut query = ConnectionQuery::to(instance, PluginConnectionType::PluginDependsOn);
        let mut found = Vec::new();
        loop {
            let page = self.shared().store.connections(&self.scope, &query).await?;
            for connection in page.items {
                let End::Thing(from) = connection.from else {
                    continue;
                };
                match self.load(from).await {
                    Ok(dependent) => found.push(redacted(dependent, shown)),
                    Err(ManagerError::InstanceNotFound { .. }) => {}
                    Err(error) => return Err(error),
                }
            }
            match page.next {
                Some(cursor) => query.cursor = Some(cursor),
                None => break,
            }
        }
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    pub(crate) async fn refuse_if_needed(
        &self,
        instance: ThingId,
        which: Dependents,
    ) -> Result<(), ManagerError> {
        let in_the_way = |dependent: &Instance| match which {
            Dependents::Installed => true,
            Dependents::Running => matches!(
                dependent.properties.lifecycle.kind(),
                StateKind::Active | StateKind::Executing | StateKind::Activating
            ),
        };
        let dependents: Vec<String> = self
            .dependents(instance)
            .await?
            .iter()
            .filter(|dependent| in_the_way(dependent))
            .map(|dependent| dependent.name.clone())
            .collect();
        if dependents.is_empty() {
            Ok(())
        } else {
            Err(ManagerError::HasDependents { dependents })
        }
    }
}
