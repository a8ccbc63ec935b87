//! What is kept of earlier versions, and what an instance is connected to.

use std::collections::BTreeSet;

use one_ontology::{
    Actor, ChangeSet, Connection, ConnectionId, ConnectionQuery, End, PluginConnectionType,
    PluginThingType, Revision, RowId, Scope, ThingId, ThingQuery, ThingStatus, Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::manager::install::{can_be_needed, removed};
use crate::{Edition, Instance, ManagerError, Operation, PluginSnapshot, Snapshot, Tenant};

/// An earlier version of an instance that can be gone back to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptVersion {
    /// The snapshot.
    pub snapshot: ThingId,
    /// The version.
    pub version: String,
    /// When it was changed.
    pub taken_at: Timestamp,
    /// Who changed it.
    pub taken_by: Actor,
}

impl Tenant {
    /// The earlier versions of an instance that are kept, the newest last: that is where `rollback` goes.
    ///
    /// # Errors
    /// `Denied`, `InstanceNotFound`, `Store`.
    pub async fn kept_versions(&self, instance: ThingId) -> Result<Vec<KeptVersion>, ManagerError> {
        self.allow(Operation::ViewOrgInstalledPlugins)?;
        let instance = self.load(instance).await?;
        let snapshots = self.snapshots_of(&instance).await?;
        let kept = snapshots.into_iter().map(|snapshot| KeptVersion {
            snapshot: snapshot.id,
            version: snapshot.properties.edition.version,
            taken_at: snapshot.created_at,
            taken_by: snapshot.properties.taken_by,
        });
        Ok(kept.collect())
    }

    /// The snapshots of an instance, the newest last.
    pub(crate) async fn snapshots_of(
        &self,
        instance: &Instance,
    ) -> Result<Vec<Snapshot>, ManagerError> {
        let package = instance.properties.npm_package.as_str();
        let mut query =
            ThingQuery::of_type(PluginThingType::PluginSnapshot).with("npm_package", package);
        let mut found: Vec<Snapshot> = Vec::new();
        loop {
            let page = self.shared().store.things(&self.scope, &query).await?;
            for thing in page.items {
                let id = thing.id;
                let typed: Result<Snapshot, _> = thing.typed();
                found.push(typed.map_err(|violations| ManagerError::Unreadable {
                    instance: id,
                    violations,
                })?);
            }
            match page.next {
                Some(cursor) => query.cursor = Some(cursor),
                None => break,
            }
        }
        found.retain(|snapshot| snapshot.properties.instance == instance.id);
        found.sort_by_key(|snapshot| (snapshot.created_at, snapshot.id));
        Ok(found)
    }

    /// The instances that one needs, each with the connection that says so.
    pub(crate) async fn needs_of(
        &self,
        instance: ThingId,
    ) -> Result<Vec<(ConnectionId, ThingId)>, ManagerError> {
        let mut query = ConnectionQuery {
            from: Some(instance.into()),
            types: vec![PluginConnectionType::PluginDependsOn.into()],
            ..ConnectionQuery::default()
        };
        let mut needs = Vec::new();
        loop {
            let page = self.shared().store.connections(&self.scope, &query).await?;
            needs.extend(page.items.iter().filter_map(|it| match it.to {
                End::Thing(to) => Some((it.id, to)),
                _ => None,
            }));
            match page.next {
                Some(cursor) => query.cursor = Some(cursor),
                None => return Ok(needs),
            }
        }
    }

    /// Refuses unless all of these are there to be needed.
    pub(crate) async fn refuse_missing(&self, needs: &[ThingId]) -> Result<(), ManagerError> {
        if self.still_there(needs).await?.len() == needs.len() {
            Ok(())
        } else {
            Err(removed())
        }
    }

    /// What an instance was, with what it needs and runs with as that is here now: as it was, or, where it was removed,
    /// as its plugin was installed anew.
    pub(crate) async fn as_of_now(
        &self,
        own: ThingId,
        edition: &Edition,
    ) -> Result<Edition, ManagerError> {
        let mut edition = edition.clone();
        let members = edition.members.iter_mut().map(|it| &mut it.instance);
        for id in edition.needs.iter_mut().chain(members) {
            if *id != own {
                *id = self.needed_now(*id).await?;
            }
        }
        Ok(edition)
    }

    async fn needed_now(&self, id: ThingId) -> Result<ThingId, ManagerError> {
        let before = self.whatever_is_left(id).await?.ok_or_else(removed)?;
        if before.status != ThingStatus::Archived {
            return can_be_needed(&before).then_some(id).ok_or_else(removed);
        }
        let package = &before.properties.npm_package;
        let same = |it: &Instance| it.properties.npm_package == *package && can_be_needed(it);
        let anew = self.load_all().await?.into_iter().find(same);
        Ok(anew.ok_or_else(removed)?.id)
    }

    /// Those of these that are there to be needed.
    pub(crate) async fn still_there(
        &self,
        needs: &[ThingId],
    ) -> Result<Vec<ThingId>, ManagerError> {
        let mut there = Vec::new();
        for need in needs {
            let found = self.find(*need).await?;
            there.extend(found.filter(can_be_needed).map(|it| it.id));
        }
        Ok(there)
    }

    /// What an instance is now, as a thing of its own.
    pub(crate) fn snapshot(
        &self,
        instance: &Instance,
        needs: Vec<ThingId>,
        now: Timestamp,
    ) -> Snapshot {
        let properties = &instance.properties;
        Snapshot {
            id: ThingId::new(self.shared().ids.as_ref(), now),
            place: self.scope.place(),
            thing_type: PluginThingType::PluginSnapshot.into(),
            name: format!("{}@{}", properties.npm_package, properties.version),
            status: ThingStatus::Active,
            properties: PluginSnapshot {
                instance: instance.id,
                npm_package: properties.npm_package.clone(),
                edition: Edition::of(properties, needs),
                taken_by: self.scope.actor().clone(),
            },
            revision: Revision::FIRST,
            created_at: now,
            updated_at: now,
        }
    }
}

/// The same changes with a snapshot archived.
pub(crate) fn archived(changes: ChangeSet, snapshot: &Snapshot) -> ChangeSet {
    changes.archive(RowId::Thing(snapshot.id), snapshot.revision)
}

/// How the connections of an instance become those that it needs.
pub(crate) struct Reconnected {
    pub(crate) ended: Vec<ConnectionId>,
    pub(crate) fresh: Vec<ThingId>,
}

impl Reconnected {
    pub(crate) fn between(before: &[(ConnectionId, ThingId)], needs: &[ThingId]) -> Self {
        let there: BTreeSet<ThingId> = before.iter().map(|(_, to)| *to).collect();
        let ended = before.iter().filter(|(_, to)| !needs.contains(to));
        let fresh = needs.iter().filter(|need| !there.contains(need));
        Self {
            ended: ended.map(|(id, _)| *id).collect(),
            fresh: fresh.copied().collect(),
        }
    }

    pub(crate) fn write(
        &self,
        mut changes: ChangeSet,
        scope: &Scope,
        from: ThingId,
        ids: &dyn one_ontology::IdSource,
    ) -> ChangeSet {
        let now = changes.now();
        for id in &self.ended {
            changes = changes.disconnect(*id);
        }
        for to in &self.fresh {
            let id = ConnectionId::new(ids, now);
            let kind = PluginConnectionType::PluginDependsOn;
            changes = changes.connect(Connection::new(scope, id, from, kind, *to, now));
        }
        changes
    }
}
