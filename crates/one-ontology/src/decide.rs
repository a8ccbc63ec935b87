//! What a change set does, decided from what a store has found.
//!
//! Every store looks up [`Needs`](crate::Needs), calls [`decide`] and writes the
//! [`Effects`], in one transaction. So no store can get preconditions, budgets, the rules of
//! connections or the chain wrong.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::change_set::Write;
use crate::{
    BudgetKey, BudgetState, ChangeSet, Connection, ConnectionId, End, EndKind, Event, Group,
    GroupStatus, Head, Place, Row, RowId, Seq, StoreError, Thing, Violations,
};

/// What a store has found of [`Needs`](crate::Needs). What is not there was not found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// The receipt of an earlier change set of this place under the same key.
    pub receipt: Option<Receipt>,
    /// The group of the place.
    pub group: Option<Group>,
    /// The head of the place's chain.
    pub head: Option<Head>,
    /// Rows of the place, archived ones too.
    pub rows: BTreeMap<RowId, Row>,
    /// The things among the ends, of the place or of the shared registry, archived ones too.
    pub ends: BTreeMap<End, Thing>,
    /// Connections of the place, ended ones too.
    pub connections: BTreeMap<ConnectionId, Connection>,
    /// For each query that insists on absence, in order: whether a thing matches.
    pub matches: Vec<bool>,
    /// Budgets of the place.
    pub budgets: BTreeMap<BudgetKey, BudgetState>,
    /// The first event of the place at or behind the number asked for.
    pub covered: Option<Head>,
}

/// What a store writes: rows and connections by id, whether they were there or not.
#[derive(Clone, Debug, PartialEq)]
pub struct Effects {
    /// Rows to write. Each replaces what is there under its id.
    pub rows: Vec<Row>,
    /// Connections to write.
    pub connections: Vec<Connection>,
    /// Budgets to write.
    pub budgets: BTreeMap<BudgetKey, BudgetState>,
    /// Events to append, sealed.
    pub events: Vec<Event>,
    /// Events up to and with this number leave the place. The ones to append are behind it.
    pub prune_to: Option<Seq>,
    /// The receipt to keep under the change set's key, if it has one, and to give back.
    pub receipt: Receipt,
}

/// What a commit did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Where.
    pub place: Place,
    /// The number of its first event.
    pub first: Seq,
    /// The last event: the head of the chain after it.
    pub head: Head,
    /// What each budget it touched then had used.
    pub budgets: BTreeMap<BudgetKey, BudgetState>,
    /// Whether this answers an earlier change set with the same key.
    #[serde(default)]
    pub answer: Answer,
}

/// Whether a receipt answers this change set or an earlier one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// It did what was asked.
    #[default]
    Done,
    /// It had been done before, under the same key; nothing was done now.
    Replayed,
}

/// What comes of a change set.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// Write these.
    Write(Effects),
    /// It has been done before: write nothing, give this receipt.
    Replay(Receipt),
}

/// Decides what `changes` does, given what the store has found.
///
/// In order: the earlier receipt; the scope's access; every part by itself; the place; rows and
/// absences insisted on; what is to leave; budgets; rows and connections as they were added; the ends of connections;
/// events. The first that does not hold is the error.
///
/// # Errors
/// `ReadOnly`, `PlaceNotFound`, `Archived`, `Invalid`, `Stale`, `AlreadyExists`, `NotFound`,
/// `Pruned`, `Exhausted`.
pub fn decide(changes: &ChangeSet, found: &Found) -> Result<Decision, StoreError> {
    if let Some(receipt) = &found.receipt {
        let mut receipt = receipt.clone();
        receipt.answer = Answer::Replayed;
        return Ok(Decision::Replay(receipt));
    }
    changes.validate()?;
    check_place(changes, found)?;
    check_insisted(changes, found)?;
    let prune_to = prune(changes, found)?;
    let budgets = spend(changes, found)?;
    let mut writing = Writing {
        changes,
        found,
        rows: BTreeMap::new(),
        connections: BTreeMap::new(),
        order: Vec::new(),
    };
    for write in changes.writes() {
        writing.apply(write)?;
    }
    writing.check_ends()?;
    let events = seal(changes, found.head.as_ref());
    let (Some(first), Some(last)) = (events.first(), events.last()) else {
        return Err(StoreError::invalid(
            "change set",
            Violations::one("events", "must not be empty"),
        ));
    };
    let receipt = Receipt {
        place: changes.place(),
        first: first.seq,
        head: last.head(),
        budgets: budgets.clone(),
        answer: Answer::Done,
    };
    let (rows, connections) = writing.finish();
    Ok(Decision::Write(Effects {
        rows,
        connections,
        budgets,
        events,
        prune_to,
        receipt,
    }))
}

/// The group must be there and active, unless this change set makes it, or is the platform's own
/// (which must be able to restore what is archived).
fn check_place(changes: &ChangeSet, found: &Found) -> Result<(), StoreError> {
    let Place::Group(id) = changes.place() else {
        return Ok(());
    };
    let makes_it = changes
        .writes()
        .iter()
        .any(|write| matches!(write, Write::Insert(Row::Group(group)) if group.id == id));
    let platform = matches!(changes.actor(), crate::Actor::System(_));
    match &found.group {
        None if makes_it => Ok(()),
        None => Err(StoreError::PlaceNotFound {
            place: changes.place(),
        }),
        Some(group) => match group.status {
            GroupStatus::Active => Ok(()),
            GroupStatus::Archived if platform => Ok(()),
            GroupStatus::Archived => Err(StoreError::Archived {
                name: crate::excerpt(&group.name, 64),
            }),
        },
    }
}

fn check_insisted(changes: &ChangeSet, found: &Found) -> Result<(), StoreError> {
    for (id, revision) in changes.present() {
        match found.rows.get(id) {
            Some(row) if row.revision() == *revision => {}
            Some(_) => return Err(StoreError::Stale { row: *id }),
            None => return Err(StoreError::not_found(id)),
        }
    }
    for (i, query) in changes.absent().iter().enumerate() {
        // A store that did not look has not found absence.
        if found.matches.get(i).copied().unwrap_or(true) {
            return Err(StoreError::AlreadyExists {
                what: describe(query),
            });
        }
    }
    Ok(())
}

/// Only what a checkpoint of this very chain covers may leave, and only once.
fn prune(changes: &ChangeSet, found: &Found) -> Result<Option<Seq>, StoreError> {
    let Some(checkpoint) = changes.pruned() else {
        return Ok(None);
    };
    let head = checkpoint.head();
    match found.covered {
        Some(event) if event == head => Ok(Some(head.seq)),
        Some(event) if event.seq > head.seq => Err(StoreError::Pruned { first: event.seq }),
        Some(_) => Err(StoreError::invalid(
            "prune",
            Violations::one("checkpoint", "must be of this very chain"),
        )),
        None => Err(StoreError::NotFound {
            what: format!("event {}", head.seq),
        }),
    }
}

fn describe(query: &crate::ThingQuery) -> String {
    let mut words: Vec<String> = query.types.iter().map(ToString::to_string).collect();
    words.extend(
        query
            .name
            .iter()
            .map(|name| format!("named `{}`", crate::excerpt(name, 64))),
    );
    words.extend(
        query
            .properties
            .iter()
            .map(|(name, value)| format!("{name} {}", crate::excerpt(&value.to_string(), 64))),
    );
    if words.is_empty() {
        words.push("a thing".to_owned());
    }
    crate::excerpt(&words.join(", "), 256)
}

fn spend(
    changes: &ChangeSet,
    found: &Found,
) -> Result<BTreeMap<BudgetKey, BudgetState>, StoreError> {
    let mut budgets: BTreeMap<BudgetKey, BudgetState> = BTreeMap::new();
    for settle in changes.settles() {
        let state = budgets
            .get(&settle.key)
            .or_else(|| found.budgets.get(&settle.key));
        let state = settle.apply(state, changes.now());
        budgets.insert(settle.key.clone(), state);
    }
    for spend in changes.spends() {
        let state = budgets
            .get(&spend.key)
            .or_else(|| found.budgets.get(&spend.key));
        let state = spend
            .apply(state, changes.now())
            .map_err(StoreError::Exhausted)?;
        budgets.insert(spend.key.clone(), state);
    }
    Ok(budgets)
}

fn seal(changes: &ChangeSet, head: Option<&Head>) -> Vec<Event> {
    let mut head = head.copied();
    changes
        .events()
        .iter()
        .map(|body| {
            let event = Event::seal(
                changes.place(),
                head.as_ref(),
                changes.actor(),
                changes.now(),
                body.clone(),
            );
            head = Some(event.head());
            event
        })
        .collect()
}

/// Rows and connections as they will be, seen by the writes that follow.
struct Writing<'a> {
    changes: &'a ChangeSet,
    found: &'a Found,
    rows: BTreeMap<RowId, Row>,
    connections: BTreeMap<ConnectionId, Connection>,
    order: Vec<RowId>,
}

impl Writing<'_> {
    fn row(&self, id: &RowId) -> Option<&Row> {
        self.rows.get(id).or_else(|| self.found.rows.get(id))
    }

    fn put(&mut self, row: Row) {
        if !self.rows.contains_key(&row.id()) {
            self.order.push(row.id());
        }
        self.rows.insert(row.id(), row);
    }

    fn apply(&mut self, write: &Write) -> Result<(), StoreError> {
        let now = self.changes.now();
        match write {
            Write::Insert(row) => {
                if self.row(&row.id()).is_some() {
                    return Err(StoreError::AlreadyExists {
                        what: row.id().to_string(),
                    });
                }
                self.put(row.clone());
            }
            Write::Replace(row) => {
                let old = self
                    .row(&row.id())
                    .ok_or_else(|| StoreError::not_found(&row.id()))?;
                if old.revision() != row.revision() {
                    return Err(StoreError::Stale { row: row.id() });
                }
                row.check_replacement_of(old)
                    .map_err(|v| StoreError::invalid(&row.id().to_string(), v))?;
                let mut row = row.clone();
                row.stamp_again(old.revision().next(), now);
                self.put(row);
            }
            Write::Archive(id, revision) => {
                let old = self.row(id).ok_or_else(|| StoreError::not_found(id))?;
                if old.revision() != *revision {
                    return Err(StoreError::Stale { row: *id });
                }
                let next = old.revision().next();
                let mut row = old.clone().archived(now).ok_or_else(|| {
                    StoreError::invalid(
                        &id.to_string(),
                        Violations::one("row", "must not be archived"),
                    )
                })?;
                row.stamp_again(next, now);
                self.put(row);
            }
            Write::Connect(connection) => self.connect(connection)?,
            Write::Disconnect(id) => self.disconnect(*id)?,
        }
        Ok(())
    }

    fn connect(&mut self, connection: &Connection) -> Result<(), StoreError> {
        let id = connection.id;
        if self.connections.contains_key(&id) || self.found.connections.contains_key(&id) {
            return Err(StoreError::AlreadyExists {
                what: format!("connection {id}"),
            });
        }
        self.connections.insert(id, connection.clone());
        Ok(())
    }

    fn disconnect(&mut self, id: ConnectionId) -> Result<(), StoreError> {
        let old = self
            .connections
            .get(&id)
            .or_else(|| self.found.connections.get(&id))
            .ok_or_else(|| StoreError::NotFound {
                what: format!("connection {id}"),
            })?;
        if old.valid_to.is_none() {
            let mut connection = old.clone();
            let now = self.changes.now();
            connection.valid_to = Some(connection.valid_from.map_or(now, |from| now.max(from)));
            connection.revision = old.revision.next();
            self.connections.insert(id, connection);
        }
        Ok(())
    }

    /// Ends are checked when all rows are known, so order within a change set does not matter.
    fn check_ends(&self) -> Result<(), StoreError> {
        let made: BTreeSet<ConnectionId> = self
            .changes
            .writes()
            .iter()
            .filter_map(|write| match write {
                Write::Connect(connection) => Some(connection.id),
                _ => None,
            })
            .collect();
        for connection in made.iter().filter_map(|id| self.connections.get(id)) {
            let from = self.end_kind(connection.from)?;
            let to = self.end_kind(connection.to)?;
            connection
                .connection_type
                .may_join(&from, &to)
                .map_err(|reason| {
                    StoreError::invalid(
                        &format!("connection {}", connection.id),
                        Violations::one("relationship_type", reason),
                    )
                })?;
        }
        Ok(())
    }

    /// People are the directory's, and a group end is always the place itself: only things are
    /// looked up.
    fn end_kind(&self, end: End) -> Result<EndKind, StoreError> {
        match end {
            End::Person(_) => Ok(EndKind::Person),
            End::Group(_) => Ok(EndKind::Group),
            End::Thing(id) => {
                let own = self.row(&RowId::Thing(id)).and_then(Row::end_kind);
                let found = || {
                    let thing = self.found.ends.get(&end)?;
                    Some(EndKind::Thing(thing.thing_type.clone()))
                };
                own.or_else(found).ok_or_else(|| StoreError::NotFound {
                    what: end.to_string().replacen(':', " ", 1),
                })
            }
        }
    }

    fn finish(mut self) -> (Vec<Row>, Vec<Connection>) {
        let rows = self
            .order
            .iter()
            .filter_map(|id| self.rows.remove(id))
            .collect();
        (rows, self.connections.into_values().collect())
    }
}
