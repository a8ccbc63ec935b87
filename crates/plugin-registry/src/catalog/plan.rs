//! What a sync would write, decided without a store.

use std::collections::{BTreeMap, BTreeSet};

use one_ontology::{
    ChangeSet, Connection, ConnectionId, Embedding, End, EventId, EventType, IdSource, Knowledge,
    KnowledgeId, NewEvent, PluginConnectionType, PluginEventType, Properties, Revision, RowId,
    Scope, Thing, ThingId, ThingStatus, Timestamp, Violations,
};
use plugin_resolver::{PackageName, Spec};

use super::PluginRecord;
use super::passage_write::{PassageWrite, Standing, passage_writes};
use super::rows::{CatalogRows, plugin_id};
use crate::Dependency;

/// How many plugins are written in one change set.
const PLUGINS_AT_ONCE: usize = 100;

/// How many connections are written in one change set.
const CONNECTIONS_AT_ONCE: usize = 2_000;

/// How many plugins a sync makes, changes and leaves alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SyncCounts {
    /// Plugins that are new.
    pub created: usize,
    /// Plugins of which something changes.
    pub updated: usize,
    /// Plugins of which nothing changes.
    pub unchanged: usize,
    /// Dependencies between plugins that begin.
    pub connected: usize,
    /// Dependencies between plugins that end.
    pub disconnected: usize,
}

/// What a sync would write. Empty when the catalog says all of it already.
#[derive(Debug)]
pub struct SyncPlan {
    plugins: Vec<PluginWrite>,
    connect: Vec<Connection>,
    disconnect: Vec<ConnectionId>,
    unchanged: usize,
    rejected: BTreeMap<PackageName, Violations>,
}

#[derive(Debug)]
struct PluginWrite {
    package: PackageName,
    id: ThingId,
    standing: Standing,
    /// None when only passages change.
    thing: Option<Thing>,
    passages: Vec<PassageWrite>,
    archive: Vec<(KnowledgeId, Revision)>,
}

/// Decides what has to be written so that the catalog says what `incoming` says.
///
/// `model` names the embedder whose vectors passages should have; none leaves vectors out. What is
/// there already is not written again, so that planning the same twice gives an empty plan. Nothing
/// is ever deleted: plugins that `incoming` does not name stay.
#[must_use]
pub fn plan_sync(
    scope: &Scope,
    existing: &CatalogRows,
    incoming: &[PluginRecord],
    model: Option<&str>,
    now: Timestamp,
) -> SyncPlan {
    let mut plan = SyncPlan {
        plugins: Vec::new(),
        connect: Vec::new(),
        disconnect: Vec::new(),
        unchanged: 0,
        rejected: BTreeMap::new(),
    };
    let known: BTreeMap<&PackageName, PluginRecord> = existing
        .plugins
        .iter()
        .filter_map(|(package, thing)| Some((package, thing.clone().typed().ok()?.properties)))
        .collect();
    let mut merged: BTreeMap<&PackageName, PluginRecord> = BTreeMap::new();
    for record in incoming {
        let base = merged
            .get(&record.npm_package)
            .or_else(|| known.get(&record.npm_package));
        let record_now = match base {
            Some(base) => base.merge(record),
            None => record.clone(),
        };
        merged.insert(&record.npm_package, record_now);
    }
    let mut passages_of: BTreeMap<End, Vec<&Knowledge>> = BTreeMap::new();
    for row in &existing.passages {
        if let Some(source) = &row.source {
            passages_of.entry(source.end).or_default().push(row);
        }
    }
    for (package, record) in &merged {
        match write_of(scope, existing, &passages_of, record, model, now) {
            Ok(Some(write)) => plan.plugins.push(write),
            Ok(None) => plan.unchanged += 1,
            Err(violations) => {
                plan.rejected.insert((*package).clone(), violations);
            }
        }
    }
    let written: BTreeSet<&PackageName> = plan.plugins.iter().map(|write| &write.package).collect();
    let mut ids: BTreeMap<PackageName, ThingId> = existing.shared.clone();
    for (package, thing) in &existing.plugins {
        ids.insert(package.clone(), thing.id);
    }
    for package in written {
        let id = existing
            .plugins
            .get(package)
            .map_or_else(|| plugin_id(scope.place(), package), |thing| thing.id);
        ids.insert(package.clone(), id);
    }
    let mut records = known;
    for (package, record) in merged {
        if !plan.rejected.contains_key(package) {
            records.insert(package, record);
        }
    }
    plan.connections(scope, existing, &records, &ids, now);
    plan
}

impl SyncPlan {
    /// Whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.plugins.is_empty() && self.connect.is_empty() && self.disconnect.is_empty()
    }

    /// How many of what.
    #[must_use]
    pub fn counts(&self) -> SyncCounts {
        let created = self
            .plugins
            .iter()
            .filter(|write| write.standing == Standing::New)
            .count();
        SyncCounts {
            created,
            updated: self.plugins.len() - created,
            unchanged: self.unchanged,
            connected: self.connect.len(),
            disconnected: self.disconnect.len(),
        }
    }

    /// Plugins that cannot be stored, and why; each costs only itself.
    #[must_use]
    pub const fn rejected(&self) -> &BTreeMap<PackageName, Violations> {
        &self.rejected
    }

    /// The texts that need vectors, in the order in which [`SyncPlan::change_sets`] takes these.
    #[must_use]
    pub fn texts(&self) -> Vec<String> {
        self.plugins
            .iter()
            .flat_map(|write| &write.passages)
            .filter(|passage| passage.needs_vector)
            .map(|passage| passage.row.text.clone().unwrap_or_default())
            .collect()
    }

    /// The change sets, in the order in which they are to be committed; none for an empty plan.
    ///
    /// `vectors` answer [`SyncPlan::texts`]; where one is missing, the passage goes without until
    /// a later sync.
    #[must_use]
    pub fn change_sets(
        self,
        scope: &Scope,
        vectors: impl IntoIterator<Item = Option<Embedding>>,
        ids: &dyn IdSource,
        now: Timestamp,
    ) -> Vec<ChangeSet> {
        let mut vectors = vectors.into_iter();
        let mut sets: Vec<ChangeSet> = Vec::new();
        let mut in_set = 0_usize;
        for write in self.plugins {
            let event = write.event(ids, now);
            let set = match sets.pop() {
                Some(set) if in_set < PLUGINS_AT_ONCE => set.event(event),
                full => {
                    sets.extend(full);
                    in_set = 0;
                    ChangeSet::new(scope, event, now)
                }
            };
            in_set += 1;
            sets.push(write.apply(set, &mut vectors));
        }
        let changes: Vec<Change> = self
            .disconnect
            .into_iter()
            .map(Change::End)
            .chain(self.connect.into_iter().map(|c| Change::Begin(Box::new(c))))
            .collect();
        for part in changes.chunks(CONNECTIONS_AT_ONCE) {
            let event = NewEvent::new(EventId::new(ids, now), EventType::EntityUpdated, None)
                .with("what", "dependencies between plugins")
                .with("changes", part.len());
            let set = part.iter().fold(
                ChangeSet::new(scope, event, now),
                |set, change| match change {
                    Change::Begin(connection) => set.connect((**connection).clone()),
                    Change::End(id) => set.disconnect(*id),
                },
            );
            sets.push(set);
        }
        sets
    }

    /// Begins and ends dependencies so that they are those of the versions offered.
    fn connections(
        &mut self,
        scope: &Scope,
        existing: &CatalogRows,
        records: &BTreeMap<&PackageName, PluginRecord>,
        ids: &BTreeMap<PackageName, ThingId>,
        now: Timestamp,
    ) {
        let mut wanted: BTreeMap<(ThingId, ThingId, String, String), Properties> = BTreeMap::new();
        for (package, record) in records {
            let Some(from) = ids.get(*package) else {
                continue;
            };
            for dependency in record
                .offered()
                .iter()
                .flat_map(|release| &release.dependencies)
            {
                let target = real_name(dependency);
                let Some(to) = ids.get(target).filter(|to| *to != from) else {
                    continue;
                };
                let (kind, spec) = (dependency.kind.to_string(), dependency.spec.to_string());
                let metadata = Properties::new()
                    .with("kind", kind.as_str())
                    .with("spec", spec.as_str());
                wanted.insert((*from, *to, kind, spec), metadata);
            }
        }
        let ours: BTreeSet<End> = existing
            .plugins
            .values()
            .map(|thing| thing.id.into())
            .collect();
        for connection in &existing.dependencies {
            if !ours.contains(&connection.from) {
                continue;
            }
            let text = |name: &str| {
                connection
                    .metadata
                    .text(name)
                    .unwrap_or_default()
                    .to_owned()
            };
            let key = match (connection.from, connection.to) {
                (End::Thing(from), End::Thing(to)) => (from, to, text("kind"), text("spec")),
                _ => continue,
            };
            if wanted.remove(&key).is_none() {
                self.disconnect.push(connection.id);
            }
        }
        for ((from, to, kind, spec), metadata) in wanted {
            // The moment is part of the name: a dependency that comes back is another connection.
            let id = ConnectionId::of_name(&[
                &scope.place().to_string(),
                "plugin_depends_on",
                &from.to_string(),
                &to.to_string(),
                &kind,
                &spec,
                &now.to_string(),
            ]);
            let mut connection = Connection::new(
                scope,
                id,
                from,
                PluginConnectionType::PluginDependsOn,
                to,
                now,
            );
            connection.metadata = metadata;
            if connection.validate().is_ok() {
                self.connect.push(connection);
            }
        }
    }
}

enum Change {
    Begin(Box<Connection>),
    End(ConnectionId),
}

impl PluginWrite {
    fn event(&self, ids: &dyn IdSource, now: Timestamp) -> NewEvent {
        let event_type: EventType = match self.standing {
            Standing::New => PluginEventType::PluginDiscovered.into(),
            Standing::Known => EventType::EntityUpdated,
        };
        let mut event = NewEvent::new(EventId::new(ids, now), event_type, Some(self.id.into()))
            .with("npm_package", self.package.as_str());
        if let Some(thing) = &self.thing {
            for name in ["version", "registry_url"] {
                if let Some(value) = thing.properties.get(name) {
                    event = event.with(name, value.clone());
                }
            }
        }
        event
    }

    fn apply(
        self,
        mut set: ChangeSet,
        vectors: &mut impl Iterator<Item = Option<Embedding>>,
    ) -> ChangeSet {
        if let Some(thing) = self.thing {
            set = match self.standing {
                Standing::New => set.insert(thing),
                Standing::Known => set.replace(thing),
            };
        }
        for mut passage in self.passages {
            if passage.needs_vector {
                passage.row.embedding = vectors.next().flatten();
            }
            set = match passage.standing {
                Standing::New => set.insert(passage.row),
                Standing::Known => set.replace(passage.row),
            };
        }
        for (id, revision) in self.archive {
            set = set.archive(RowId::Knowledge(id), revision);
        }
        set
    }
}

fn write_of(
    scope: &Scope,
    existing: &CatalogRows,
    passages_of: &BTreeMap<End, Vec<&Knowledge>>,
    record: &PluginRecord,
    model: Option<&str>,
    now: Timestamp,
) -> Result<Option<PluginWrite>, Violations> {
    let properties = record.to_properties()?;
    let package = record.npm_package.clone();
    let old = existing.plugins.get(&package);
    let mut thing = match old {
        Some(old) => old.clone(),
        None => Thing::new(
            scope,
            plugin_id(scope.place(), &package),
            <PluginRecord as one_ontology::ThingProperties>::thing_type(),
            package.as_str(),
            now,
        ),
    };
    thing.properties = properties;
    // Somebody put it away: it stays away, and is kept up to date.
    if thing.status != ThingStatus::Archived {
        thing.status = record.status();
    }
    let id = thing.id;
    let rows = passages_of
        .get(&id.into())
        .map(Vec::as_slice)
        .unwrap_or_default();
    let (written, archive) = passage_writes(scope, id, rows, record, model, now);
    // What a store would refuse must not take the whole change set with it.
    thing.validate()?;
    for passage in &written {
        passage.row.validate()?;
    }
    let thing = (old != Some(&thing)).then_some(thing);
    if thing.is_none() && written.is_empty() && archive.is_empty() {
        return Ok(None);
    }
    Ok(Some(PluginWrite {
        package,
        id,
        standing: if old.is_some() {
            Standing::Known
        } else {
            Standing::New
        },
        thing,
        passages: written,
        archive,
    }))
}

fn real_name(dependency: &Dependency) -> &PackageName {
    match &dependency.spec {
        Spec::Alias { name, .. } => name,
        _ => &dependency.name,
    }
}
