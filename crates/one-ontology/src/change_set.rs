//! The only way to write: what is to change, what must hold, and what is said to have happened.

use std::collections::BTreeSet;

use crate::audit::{Checkpoint, Retention};
use crate::{
    Access, Actor, BudgetKey, Connection, ConnectionId, End, EventId, IdempotencyKey, NewEvent,
    Place, Revision, Row, RowId, Scope, Seq, Settle, Spend, StoreError, ThingQuery, Timestamp,
    Violations,
};

/// One atomic change: all of it happens or none.
///
/// It starts with its first event, so a write without a trail cannot be built:
///
/// ```
/// use one_ontology::{
///     ChangeSet, EventId, EventType, NewEvent, Place, Scope, SequentialIds, Thing, ThingId,
///     ThingType, Timestamp,
/// };
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (ids, now) = (SequentialIds::new(), Timestamp::EPOCH);
/// let scope = Scope::system("example".parse()?, Place::Global);
/// let course = Thing::new(&scope, ThingId::new(&ids, now), ThingType::Course, "Rust", now);
/// let event = NewEvent::new(
///     EventId::new(&ids, now),
///     EventType::CourseCreated,
///     Some(course.id.into()),
/// );
/// let changes = ChangeSet::new(&scope, event, now).insert(course);
/// assert_eq!(changes.events().len(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ChangeSet {
    scope: Scope,
    now: Timestamp,
    writes: Vec<Write>,
    present: Vec<(RowId, Revision)>,
    absent: Vec<ThingQuery>,
    spends: Vec<Spend>,
    settles: Vec<Settle>,
    // INVARIANT: never empty.
    events: Vec<NewEvent>,
    prune: Option<Checkpoint>,
    key: Option<IdempotencyKey>,
}

/// One write of a change set.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Write {
    Insert(Row),
    Replace(Row),
    Archive(RowId, Revision),
    Connect(Connection),
    Disconnect(ConnectionId),
}

impl ChangeSet {
    /// The most writes, preconditions, spends, settles and events together.
    pub const MAX_PARTS: usize = 10_000;

    /// A change by the actor of `scope`, in its place, at `now`, that says what happened.
    #[must_use]
    pub fn new(scope: &Scope, event: NewEvent, now: Timestamp) -> Self {
        Self {
            scope: scope.clone(),
            now,
            writes: Vec::new(),
            present: Vec::new(),
            absent: Vec::new(),
            spends: Vec::new(),
            settles: Vec::new(),
            events: vec![event],
            prune: None,
            key: None,
        }
    }

    /// Lets the events that a signed checkpoint covers leave the store, and says so, with the
    /// checkpoint, in an event that stays. For the platform only.
    ///
    /// What leaves is gone from `events` and ends a `watch` that was behind it; the head, receipts
    /// and all rows stay.
    #[must_use]
    pub fn prune(scope: &Scope, id: EventId, retention: &Retention, now: Timestamp) -> Self {
        let mut changes = Self::new(scope, retention.event(id), now);
        changes.prune = Some(retention.checkpoint().checkpoint().clone());
        changes
    }

    /// Inserts a row that is not there yet. Its revision becomes the first.
    #[must_use]
    pub fn insert(mut self, row: impl Into<Row>) -> Self {
        let mut row = row.into();
        let at = self.now;
        row.stamp(Revision::FIRST, at);
        self.writes.push(Write::Insert(row));
        self
    }

    /// Replaces a row that was read and changed. The store refuses it as stale if somebody else
    /// has written it since.
    #[must_use]
    pub fn replace(mut self, row: impl Into<Row>) -> Self {
        self.writes.push(Write::Replace(row.into()));
        self
    }

    /// Archives a row that was read at `revision`. People cannot be archived; memberships end.
    #[must_use]
    pub fn archive(mut self, id: RowId, revision: Revision) -> Self {
        self.writes.push(Write::Archive(id, revision));
        self
    }

    /// Makes a connection. Both ends must be there, in the same place or in the shared registry,
    /// and of kinds that its type may join. Its revision becomes the first.
    #[must_use]
    pub fn connect(mut self, mut connection: Connection) -> Self {
        connection.revision = Revision::FIRST;
        self.writes.push(Write::Connect(connection));
        self
    }

    /// Ends a connection now. One that has ended stays as it is.
    #[must_use]
    pub fn disconnect(mut self, id: ConnectionId) -> Self {
        self.writes.push(Write::Disconnect(id));
        self
    }

    /// Insists that a row is still as it was read.
    #[must_use]
    pub fn insist(mut self, id: RowId, revision: Revision) -> Self {
        self.present.push((id, revision));
        self
    }

    /// Insists that no thing of this place matches, before anything is written.
    #[must_use]
    pub fn insist_absent(mut self, query: ThingQuery) -> Self {
        self.absent.push(query);
        self
    }

    /// Spends from a budget of this place. If any budget refuses, nothing happens.
    #[must_use]
    pub fn spend(mut self, spend: Spend) -> Self {
        self.spends.push(spend);
        self
    }

    /// Settles or refunds what was spent earlier.
    #[must_use]
    pub fn settle(mut self, settle: Settle) -> Self {
        self.settles.push(settle);
        self
    }

    /// Says that something more happened.
    #[must_use]
    pub fn event(mut self, event: NewEvent) -> Self {
        self.events.push(event);
        self
    }

    /// Joins another change set of the same scope and moment behind this one, so that both happen
    /// or neither. The name of this request stays; the other's is dropped.
    ///
    /// # Errors
    /// `Invalid`: another scope or moment, or both prune.
    pub fn and(mut self, other: Self) -> Result<Self, StoreError> {
        if self.scope != other.scope || self.now != other.now {
            return Err(StoreError::invalid(
                "change set",
                Violations::one("scope", "and moment must be the same in both"),
            ));
        }
        if self.prune.is_some() && other.prune.is_some() {
            return Err(StoreError::invalid(
                "change set",
                Violations::one("prune", "must be asked for once"),
            ));
        }
        self.prune = self.prune.or(other.prune);
        self.writes.extend(other.writes);
        self.present.extend(other.present);
        self.absent.extend(other.absent);
        self.spends.extend(other.spends);
        self.settles.extend(other.settles);
        self.events.extend(other.events);
        Ok(self)
    }

    /// Names the request. A second change set with a key that this place has seen does nothing
    /// and gives the first one's receipt.
    #[must_use]
    pub fn once(mut self, key: IdempotencyKey) -> Self {
        self.key = Some(key);
        self
    }

    /// Who acts, and where.
    #[must_use]
    pub const fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Where.
    #[must_use]
    pub const fn place(&self) -> Place {
        self.scope.place()
    }

    /// When.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// What is said to have happened; never empty.
    #[must_use]
    pub fn events(&self) -> &[NewEvent] {
        &self.events
    }

    /// The name of the request.
    #[must_use]
    pub const fn key(&self) -> Option<&IdempotencyKey> {
        self.key.as_ref()
    }

    /// What a store must look up before it can [`decide`](crate::decide).
    #[must_use]
    pub fn needs(&self) -> Needs {
        let mut needs = Needs {
            place: self.place(),
            key: self.key.clone(),
            rows: self.present.iter().map(|(id, _)| *id).collect(),
            ends: BTreeSet::new(),
            connections: BTreeSet::new(),
            absent: self.absent.clone(),
            budgets: BTreeSet::new(),
            covered: self.prune.as_ref().map(|checkpoint| checkpoint.head().seq),
        };
        for write in &self.writes {
            match write {
                Write::Insert(row) | Write::Replace(row) => {
                    needs.rows.insert(row.id());
                }
                Write::Archive(id, _) => {
                    needs.rows.insert(*id);
                }
                Write::Connect(connection) => {
                    needs.connections.insert(connection.id);
                    needs.ends.extend([connection.from, connection.to]);
                }
                Write::Disconnect(id) => {
                    needs.connections.insert(*id);
                }
            }
        }
        needs
            .budgets
            .extend(self.spends.iter().map(|s| s.key.clone()));
        needs
            .budgets
            .extend(self.settles.iter().map(|s| s.key.clone()));
        needs
    }

    pub(crate) fn writes(&self) -> &[Write] {
        &self.writes
    }

    pub(crate) fn present(&self) -> &[(RowId, Revision)] {
        &self.present
    }

    pub(crate) fn absent(&self) -> &[ThingQuery] {
        &self.absent
    }

    pub(crate) fn spends(&self) -> &[Spend] {
        &self.spends
    }

    pub(crate) fn settles(&self) -> &[Settle] {
        &self.settles
    }

    pub(crate) const fn pruned(&self) -> Option<&Checkpoint> {
        self.prune.as_ref()
    }

    pub(crate) const fn actor(&self) -> &Actor {
        self.scope.actor()
    }

    /// Checks what can be checked without a store.
    pub(crate) fn validate(&self) -> Result<(), StoreError> {
        if self.scope.access() != Access::Write {
            return Err(StoreError::ReadOnly {
                place: self.place(),
            });
        }
        let parts = self.writes.len()
            + self.present.len()
            + self.absent.len()
            + self.spends.len()
            + self.settles.len()
            + self.events.len();
        if parts > Self::MAX_PARTS {
            return Err(StoreError::invalid(
                "change set",
                Violations::one("parts", format_args!("must be at most {}", Self::MAX_PARTS)),
            ));
        }
        if let Some(checkpoint) = &self.prune {
            let reason = if checkpoint.place() != self.place() {
                Some("must be of the scope's place")
            } else if matches!(self.actor(), Actor::System(_)) {
                None
            } else {
                Some("must be given by the platform itself")
            };
            if let Some(reason) = reason {
                return Err(StoreError::invalid(
                    "prune",
                    Violations::one("checkpoint", reason),
                ));
            }
        }
        for event in &self.events {
            event
                .validate()
                .map_err(|violations| StoreError::invalid("event", violations))?;
        }
        for write in &self.writes {
            self.validate_write(write)?;
        }
        Ok(())
    }

    fn validate_write(&self, write: &Write) -> Result<(), StoreError> {
        let (what, place, result) = match write {
            Write::Insert(row) | Write::Replace(row) => {
                (row.id().to_string(), row.place(), row.validate())
            }
            Write::Connect(connection) => (
                format!("connection {}", connection.id),
                connection.place,
                connection.validate(),
            ),
            Write::Archive(..) | Write::Disconnect(_) => return Ok(()),
        };
        result.map_err(|violations| StoreError::invalid(&what, violations))?;
        if place == self.place() {
            Ok(())
        } else {
            Err(StoreError::invalid(
                &what,
                Violations::one("place", "must be that of the scope"),
            ))
        }
    }
}

/// What a store looks up before it decides, all of it inside the transaction that then writes.
#[derive(Clone, Debug, PartialEq)]
pub struct Needs {
    /// The place: its group (unless global) and the head of its chain.
    pub place: Place,
    /// An earlier receipt of this place under this key.
    pub key: Option<IdempotencyKey>,
    /// Rows of this place.
    pub rows: BTreeSet<RowId>,
    /// What connections hold on to: things of this place or of the shared registry.
    pub ends: BTreeSet<End>,
    /// Connections of this place.
    pub connections: BTreeSet<ConnectionId>,
    /// For each: whether a thing of this place matches.
    pub absent: Vec<ThingQuery>,
    /// Budgets of this place.
    pub budgets: BTreeSet<BudgetKey>,
    /// The first event of this place at or behind this number.
    pub covered: Option<Seq>,
}
