//! Records kept as things: find, make, change, forget, list.

use one_ontology::{
    ChangeSet, EventType, Limit, Properties, RowId, Thing, ThingId, ThingQuery, ThingStatus,
    Timestamp,
};
use plugin_runtime_api::HostError;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::bounds::AnswerSize;
use super::desk::{Desk, Tries, Written};
use super::record::{Record, thing_name, thing_type};

/// Whether something was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Made {
    /// It was.
    New,
    /// It was there already, and was left as it is.
    Known,
}

/// A thing to be, whether it is there or not.
pub(super) struct Draft {
    pub(super) id: ThingId,
    pub(super) type_name: &'static str,
    pub(super) name: String,
    pub(super) status: ThingStatus,
    pub(super) properties: Properties,
}

impl Desk<'_> {
    /// A thing, archived ones too.
    pub(super) async fn row(&self, id: ThingId) -> Result<Option<Thing>, HostError> {
        let found = self.host.store.thing(&self.scope, id).await;
        found.map_err(|error| self.failed(error))
    }

    /// The id of the thing that a record is.
    pub(super) fn record_id<R: Record>(&self, id: Uuid) -> ThingId {
        self.thing_id(R::KIND, &id.to_string())
    }

    /// A record that was not forgotten, and its thing.
    pub(super) async fn find_row<R: Record>(
        &self,
        id: Uuid,
    ) -> Result<Option<(Thing, R)>, HostError> {
        let row = self.row(self.record_id::<R>(id)).await?;
        let Some(row) = row.filter(|row| row.status != ThingStatus::Archived) else {
            return Ok(None);
        };
        let record = self.kept_record(row.properties.get("record"))?;
        Ok(Some((row, record)))
    }

    /// A record that was not forgotten.
    pub(super) async fn find<R: Record>(&self, id: Uuid) -> Result<Option<R>, HostError> {
        Ok(self.find_row(id).await?.map(|(_, record)| record))
    }

    /// What a record is to be as a thing.
    pub(super) fn draft<R: Record>(&self, id: Uuid, record: &R) -> Result<Draft, HostError> {
        let mut properties = self.properties(R::KIND);
        for (name, value) in record.found_by() {
            properties = properties.with(name, value);
        }
        Ok(Draft {
            id: self.record_id::<R>(id),
            type_name: record.type_name(self.context.agent),
            name: thing_name(&record.title(), R::KIND),
            status: ThingStatus::Active,
            properties: properties.with("record", self.to_json(record)?),
        })
    }

    /// Properties that everything kept for this agent has.
    pub(super) fn properties(&self, kind: &str) -> Properties {
        Properties::new()
            .with("agent", self.context.agent.to_string())
            .with("kind", kind)
    }

    /// A change set that makes, revives or changes a thing; none if nothing would change.
    pub(super) fn put(
        &self,
        old: Option<Thing>,
        draft: Draft,
        now: Timestamp,
    ) -> Option<ChangeSet> {
        let archived = |thing: &Thing| thing.status == ThingStatus::Archived;
        let event_type = match &old {
            Some(old) if !archived(old) => EventType::EntityUpdated,
            Some(_) | None => EventType::EntityCreated,
        };
        let event = self
            .event(event_type, draft.id, now)
            .with("type", draft.type_name);
        let changes = ChangeSet::new(&self.scope, event, now);
        let Some(old) = old else {
            return Some(changes.insert(self.made(draft, now)));
        };
        let mut thing = old.clone();
        thing.name = draft.name;
        thing.status = draft.status;
        thing.properties = draft.properties;
        (thing != old).then(|| changes.replace(thing))
    }

    /// A thing that is not there yet.
    pub(super) fn made(&self, draft: Draft, now: Timestamp) -> Thing {
        let kind = thing_type(draft.type_name);
        let mut thing = Thing::new(&self.scope, draft.id, kind, draft.name, now);
        thing.status = draft.status;
        thing.properties = draft.properties;
        thing
    }

    /// Keeps a record, unless there is one with its id.
    pub(super) async fn create<R: Record>(&self, mut record: R) -> Result<(Uuid, Made), HostError> {
        let id = record.id().unwrap_or_else(|| self.new_id());
        record.set_id(id);
        let mut tries = Tries::default();
        loop {
            let old = self.row(self.record_id::<R>(id)).await?;
            if old
                .as_ref()
                .is_some_and(|old| old.status != ThingStatus::Archived)
            {
                return Ok((id, Made::Known));
            }
            let Some(changes) = self.put(old, self.draft(id, &record)?, self.now()) else {
                return Ok((id, Made::Known));
            };
            if self.commit(changes, &mut tries).await? == Written::Yes {
                return Ok((id, Made::New));
            }
        }
    }

    /// Changes a record that is there.
    pub(super) async fn change<R: Record>(
        &self,
        id: Option<Uuid>,
        change: impl Fn(R) -> R + Send + Sync,
    ) -> Result<(), HostError> {
        let id = id.ok_or_else(|| self.invalid("`id` must be given"))?;
        let mut tries = Tries::default();
        loop {
            let Some((row, record)) = self.find_row::<R>(id).await? else {
                return Err(self.no::<R>(id));
            };
            let mut record = change(record);
            record.set_id(id);
            let Some(changes) = self.put(Some(row), self.draft(id, &record)?, self.now()) else {
                return Ok(());
            };
            if self.commit(changes, &mut tries).await? == Written::Yes {
                return Ok(());
            }
        }
    }

    /// Replaces a record that is there.
    pub(super) async fn replace<R: Record>(&self, record: R) -> Result<(), HostError> {
        self.change(record.id(), |_| record.clone()).await
    }

    /// Forgets a thing; gives whether it was there.
    pub(super) async fn forget(&self, id: ThingId) -> Result<bool, HostError> {
        let mut tries = Tries::default();
        loop {
            let row = self.row(id).await?;
            let Some(row) = row.filter(|row| row.status != ThingStatus::Archived) else {
                return Ok(false);
            };
            let changes = self.archived(&row, self.now());
            if self.commit(changes, &mut tries).await? == Written::Yes {
                return Ok(true);
            }
        }
    }

    /// A change set that archives a thing.
    pub(super) fn archived(&self, row: &Thing, now: Timestamp) -> ChangeSet {
        let event = self
            .event(EventType::EntityArchived, row.id, now)
            .with("type", row.thing_type.as_str());
        ChangeSet::new(&self.scope, event, now).archive(RowId::Thing(row.id), row.revision)
    }

    /// A query for everything of a kind that is kept for this agent.
    pub(super) fn of_kind<R: Record>(&self, type_name: &'static str) -> ThingQuery {
        ThingQuery::of_type(thing_type(type_name))
            .with("agent", self.context.agent.to_string())
            .with("kind", R::KIND)
    }

    /// The records that a query finds, in the order they were made.
    pub(super) async fn list<R: Record>(
        &self,
        mut query: ThingQuery,
        keep: impl Fn(&R) -> bool + Send + Sync,
    ) -> Result<Vec<R>, HostError> {
        query.limit = Limit::new(Limit::MAX);
        let mut size = AnswerSize::new(self.call);
        let mut found: Vec<((Timestamp, ThingId), R)> = Vec::new();
        loop {
            let page = self.host.store.things(&self.scope, &query).await;
            let page = page.map_err(|error| self.failed(error))?;
            for thing in page.items {
                let record: R = self.kept_record(thing.properties.get("record"))?;
                if keep(&record) {
                    size.add(&record)?;
                    found.push(((thing.created_at, thing.id), record));
                }
            }
            query.cursor = page.next;
            if query.cursor.is_none() {
                break;
            }
        }
        found.sort_by_key(|(made, _)| *made);
        Ok(found.into_iter().map(|(_, record)| record).collect())
    }

    /// A list that is not too large to be answered.
    pub(super) fn bounded<T: Serialize>(&self, list: Vec<T>) -> Result<Vec<T>, HostError> {
        let mut size = AnswerSize::new(self.call);
        list.iter().try_for_each(|item| size.add(item))?;
        Ok(list)
    }

    /// That there is no such record.
    pub(super) fn no<R: Record>(&self, id: Uuid) -> HostError {
        self.invalid(&format!("there is no {} {id}", R::KIND))
    }
}

/// A label filter as elizaOS means it: all of `wanted` are there.
pub(super) fn has_all(tags: Option<&Vec<String>>, wanted: &[String]) -> bool {
    wanted
        .iter()
        .all(|tag| tags.is_some_and(|tags| tags.contains(tag)))
}

/// `value` as text, if it is.
pub(super) fn uuid_of(value: Option<&Value>) -> Option<Uuid> {
    value?.as_str()?.parse().ok()
}
