//! Histories: change sets that a store must accept one after the other.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::collection::{SizeRange, vec};
use proptest::prelude::*;
use proptest::sample::Index;

use super::start;
use crate::strategies::{connection, name, new_event, properties, row};
use crate::{
    BudgetRule, ChangeSet, Connection, ConnectionId, ConnectionType, End, EventId, EventType,
    Group, IdempotencyKey, NewEvent, Place, Properties, QuotaPeriod, Revision, Role, Row, RowId,
    Scope, Settle, Spend, Timestamp,
};

/// Change sets that a store in which nothing lives in the scope's place must accept in this order.
///
/// In a group the first makes the group. They insert, replace and archive rows of every kind, make
/// and end connections, spend and settle budgets of every kind, and name some requests. The clock
/// sometimes goes back.
pub fn history(scope: Scope, length: impl Into<SizeRange>) -> BoxedStrategy<Vec<ChangeSet>> {
    let set = (
        new_event(),
        vec(step(scope.place()), 0..4),
        -5_000_i64..60_000,
        any::<bool>(),
    );
    vec(set, length)
        .prop_map(move |sets| {
            let mut author = Author::new(scope.clone());
            let mut history: Vec<ChangeSet> = author.found().into_iter().collect();
            for (event, steps, millis, named) in sets {
                author.wait(millis);
                let changes = author.write(event, steps);
                history.push(match author.key(history.len()).filter(|_| named) {
                    Some(key) => changes.once(key),
                    None => changes,
                });
            }
            history
        })
        .boxed()
}

#[derive(Clone, Debug)]
enum Step {
    Insert(Box<Row>),
    Replace(Index, String, Properties),
    Archive(Index),
    Connect(Index, Index, Box<Connection>),
    Disconnect(Index),
    Spend(u32, Index),
    Settle(u32, Index),
    Say(NewEvent),
}

fn step(place: Place) -> BoxedStrategy<Step> {
    let index = any::<Index>;
    prop_oneof![
        6 => row(place).prop_map(|row| Step::Insert(Box::new(row))),
        3 => (index(), name(), properties()).prop_map(|(at, name, p)| Step::Replace(at, name, p)),
        1 => index().prop_map(Step::Archive),
        3 => (index(), index(), connection(place))
            .prop_map(|(from, to, c)| Step::Connect(from, to, Box::new(c))),
        1 => index().prop_map(Step::Disconnect),
        1 => (0..10_u32, index()).prop_map(|(amount, at)| Step::Spend(amount, at)),
        1 => (0..10_u32, index()).prop_map(|(amount, at)| Step::Settle(amount, at)),
        1 => new_event().prop_map(Step::Say),
    ]
    .boxed()
}

/// Knows what is there, so that what it writes holds.
struct Author {
    scope: Scope,
    now: Timestamp,
    rows: BTreeMap<RowId, Row>,
    connections: BTreeMap<ConnectionId, Connection>,
}

impl Author {
    fn new(scope: Scope) -> Self {
        Self {
            scope,
            now: start(),
            rows: BTreeMap::new(),
            connections: BTreeMap::new(),
        }
    }

    /// Makes the group of the place, if it is one.
    fn found(&mut self) -> Option<ChangeSet> {
        let id = self.scope.place().group()?;
        let group = Group::new(id, "A group with a history", self.now);
        self.rows
            .insert(RowId::Group(id), Row::Group(group.clone()));
        let event = NewEvent::new(
            EventId::of_name(&["history", &id.to_string()]),
            EventType::GroupCreated,
            Some(End::Group(id)),
        );
        Some(ChangeSet::new(&self.scope, event, self.now).insert(group))
    }

    fn wait(&mut self, millis: i64) {
        self.now = Timestamp::from_micros(self.now.as_micros().saturating_add(millis * 1000));
    }

    fn key(&self, number: usize) -> Option<IdempotencyKey> {
        format!("history-{number}").parse().ok()
    }

    fn write(&mut self, event: NewEvent, steps: Vec<Step>) -> ChangeSet {
        let changes = ChangeSet::new(&self.scope, event, self.now);
        steps
            .into_iter()
            .fold(changes, |changes, step| self.take(changes, step))
    }

    /// One step; one that would not hold is left out.
    fn take(&mut self, changes: ChangeSet, step: Step) -> ChangeSet {
        match step {
            Step::Insert(row) => self.insert(changes, *row),
            Step::Replace(at, name, properties) => self.replace(changes, &at, name, properties),
            Step::Archive(at) => self.archive(changes, &at),
            Step::Connect(from, to, connection) => self.connect(changes, &from, &to, *connection),
            Step::Disconnect(at) => match pick(&at, self.connections.keys()) {
                Some(id) => changes.disconnect(*id),
                None => changes,
            },
            Step::Spend(amount, at) => match ample(amount, &at) {
                Some(spend) => changes.spend(spend),
                None => changes,
            },
            Step::Settle(actual, at) => match ample(5, &at) {
                Some(spend) => changes.settle(Settle {
                    actual,
                    ..Settle::refund(&spend, self.now)
                }),
                None => changes,
            },
            Step::Say(event) => changes.event(event),
        }
    }

    fn insert(&mut self, changes: ChangeSet, mut row: Row) -> ChangeSet {
        if self.rows.contains_key(&row.id()) {
            return changes;
        }
        made_at(&mut row, self.now);
        row.stamp(Revision::FIRST, self.now);
        self.rows.insert(row.id(), row.clone());
        changes.insert(row)
    }

    fn replace(
        &mut self,
        changes: ChangeSet,
        at: &Index,
        name: String,
        properties: Properties,
    ) -> ChangeSet {
        let Some(mut row) = pick(at, self.rows.values()).cloned() else {
            return changes;
        };
        match &mut row {
            Row::Group(row) => row.name = name,
            Row::Person(row) => row.display_name = name,
            Row::Membership(row) if row.role != Role::PlatformOwner => row.role = Role::Customer,
            Row::Membership(_) => {}
            Row::Thing(row) => (row.name, row.properties) = (name, properties),
            Row::Knowledge(row) => row.metadata = properties,
        }
        let changes = changes.replace(row.clone());
        let next = row.revision().next();
        row.stamp_again(next, self.now);
        self.rows.insert(row.id(), row);
        changes
    }

    /// Never the group: nothing could be written after it.
    fn archive(&mut self, changes: ChangeSet, at: &Index) -> ChangeSet {
        let some = pick(at, self.rows.values()).filter(|row| !matches!(row, Row::Group(_)));
        let Some((old, mut row)) =
            some.and_then(|row| Some((row, row.clone().archived(self.now)?)))
        else {
            return changes;
        };
        let changes = changes.archive(old.id(), old.revision());
        row.stamp_again(old.revision().next(), self.now);
        self.rows.insert(row.id(), row);
        changes
    }

    fn connect(
        &mut self,
        changes: ChangeSet,
        from: &Index,
        to: &Index,
        mut connection: Connection,
    ) -> ChangeSet {
        let end = |row: &Row| match row {
            Row::Group(row) => Some(End::Group(row.id)),
            Row::Person(row) => Some(End::Person(row.id)),
            Row::Thing(row) => Some(End::Thing(row.id)),
            Row::Membership(_) | Row::Knowledge(_) => None,
        };
        let ends: Vec<_> = self
            .rows
            .values()
            .filter_map(|row| Some((end(row)?, row.end_kind()?)))
            .collect();
        let (Some((from, from_kind)), Some((to, to_kind))) = (pick(from, &ends), pick(to, &ends))
        else {
            return changes;
        };
        if from == to || self.connections.contains_key(&connection.id) {
            return changes;
        }
        (connection.from, connection.to) = (*from, *to);
        if connection
            .connection_type
            .may_join(from_kind, to_kind)
            .is_err()
        {
            connection.connection_type = ConnectionType::References;
        }
        self.connections.insert(connection.id, connection.clone());
        changes.connect(connection)
    }
}

fn pick<'a, T>(at: &Index, from: impl IntoIterator<Item = &'a T>) -> Option<&'a T> {
    let all: Vec<&T> = from.into_iter().collect();
    (!all.is_empty())
        .then(|| at.index(all.len()))
        .and_then(|i| all.get(i).copied())
}

fn made_at(row: &mut Row, now: Timestamp) {
    match row {
        Row::Group(row) => row.created_at = now,
        Row::Person(row) => row.created_at = now,
        Row::Membership(row) => row.created_at = now,
        Row::Thing(row) => row.created_at = now,
        Row::Knowledge(row) => row.created_at = now,
    }
}

/// Spending from a budget that has more than any history asks for.
fn ample(amount: u32, at: &Index) -> Option<Spend> {
    let rules = [
        (
            "ample_window",
            BudgetRule::window(BudgetRule::MAX_WINDOW, Duration::from_secs(60)),
        ),
        (
            "ample_quota",
            BudgetRule::Quota {
                limit: u64::MAX,
                period: QuotaPeriod::Day,
            },
        ),
        ("ample_level", BudgetRule::Level { limit: u64::MAX }),
    ];
    let (key, rule) = rules.get(at.index(rules.len()))?;
    Some(Spend {
        key: key.parse().ok()?,
        rule: *rule,
        amount,
    })
}
