//! Rows by their keys, and what a change set needs.

use std::collections::BTreeSet;

use one_ontology::{
    BudgetKey, BudgetState, ConnectionId, End, Event, Found, Group, GroupId, Head, Knowledge,
    KnowledgeId, Membership, Needs, Person, PersonId, Place, Receipt, Row, RowId, StoreError,
    Thing, ThingId,
};
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::codec::{decode, decode_knowledge};
use crate::error::{Failure, corrupt};
use crate::key;
use crate::session::Query;

pub(crate) const GROUP: &str = "SELECT doc FROM @groups WHERE place = $1";
pub(crate) const MEMBERSHIP: &str = "SELECT doc FROM @memberships WHERE place = $1 AND person = $2";
pub(crate) const PERSON: &str = "SELECT doc FROM @people WHERE place = $1 AND id = $2";
pub(crate) const THING: &str = "SELECT doc FROM @things WHERE place = $1 AND id = $2";
pub(crate) const KNOWLEDGE: &str = "SELECT k.doc, v.model, v.vector FROM @knowledge k \
    LEFT JOIN @vectors v ON v.place = $1 AND v.id = k.id WHERE k.place = $1 AND k.id = $2";
pub(crate) const HEAD: &str = "SELECT doc FROM @events WHERE place = $1 ORDER BY seq DESC LIMIT 1";
pub(crate) const BUDGET: &str = "SELECT doc FROM @budgets WHERE place = $1 AND key = $2";
pub(crate) const EVENT: &str = "SELECT doc FROM @events WHERE place = $1 AND seq = $2";

pub(crate) fn group(id: GroupId) -> Query {
    Query::new(GROUP, vec![Box::new(key::place(Place::Group(id)))])
}

pub(crate) fn membership(place: Place, person: PersonId) -> Query {
    by_id(MEMBERSHIP, place, *person.as_uuid())
}

pub(crate) fn person(place: Place, id: PersonId) -> Query {
    by_id(PERSON, place, *id.as_uuid())
}

pub(crate) fn thing(place: Place, id: ThingId) -> Query {
    by_id(THING, place, *id.as_uuid())
}

pub(crate) fn knowledge(place: Place, id: KnowledgeId) -> Query {
    by_id(KNOWLEDGE, place, *id.as_uuid())
}

pub(crate) fn head(place: Place) -> Query {
    Query::new(HEAD, vec![Box::new(key::place(place))])
}

pub(crate) fn event(place: Place, seq: one_ontology::Seq) -> Query {
    let number = key::number(seq.get());
    Query::new(EVENT, vec![Box::new(key::place(place)), Box::new(number)])
}

pub(crate) fn budget(place: Place, budget: &BudgetKey) -> Query {
    let name = budget.as_str().to_owned();
    Query::new(BUDGET, vec![Box::new(key::place(place)), Box::new(name)])
}

fn by_id(sql: &'static str, place: Place, id: Uuid) -> Query {
    Query::new(sql, vec![Box::new(key::place(place)), Box::new(id)])
}

/// The row of the column `doc`, if there is one.
pub(crate) fn one<T: DeserializeOwned>(
    what: &str,
    rows: &[tokio_postgres::Row],
) -> Result<Option<T>, StoreError> {
    rows.first().map(|row| doc(what, row)).transpose()
}

pub(crate) fn doc<T: DeserializeOwned>(
    what: &str,
    row: &tokio_postgres::Row,
) -> Result<T, StoreError> {
    decode(what, column(row, 0)?)
}

/// A row of knowledge from the columns `doc, model, vector`.
pub(crate) fn knowledge_of(row: &tokio_postgres::Row) -> Result<Knowledge, StoreError> {
    decode_knowledge(column(row, 0)?, column(row, 1)?, column(row, 2)?)
}

pub(crate) fn column<'a, T: tokio_postgres::types::FromSql<'a>>(
    row: &'a tokio_postgres::Row,
    column: usize,
) -> Result<T, StoreError> {
    row.try_get(column)
        .map_err(|_| corrupt("a column does not hold what it should".to_owned()))
}

/// What the branches of the statement below are told apart by.
mod kind {
    pub(super) const HEAD: i32 = 0;
    pub(super) const RECEIPT: i32 = 1;
    pub(super) const GROUP: i32 = 2;
    pub(super) const PERSON: i32 = 3;
    pub(super) const MEMBERSHIP: i32 = 4;
    pub(super) const THING: i32 = 5;
    pub(super) const KNOWLEDGE: i32 = 6;
    pub(super) const CONNECTION: i32 = 7;
    pub(super) const BUDGET: i32 = 8;
    pub(super) const REGISTRY: i32 = 9;
    pub(super) const COVERED: i32 = 10;
}

/// One statement that looks up all of `needs` but what must be absent; of what is not needed it
/// does not ask.
pub(crate) fn needs(needs: &Needs) -> Query {
    let mut looking = Looking {
        branches: vec![format!(
            "(SELECT {}, doc, NULL::text, NULL::bytea FROM @events WHERE place = $1 \
             ORDER BY seq DESC LIMIT 1)",
            kind::HEAD
        )],
        params: vec![Box::new(key::place(needs.place))],
    };
    let mut ids: [BTreeSet<Uuid>; 4] = Default::default();
    let [people, memberships, things, knowledge] = &mut ids;
    for id in &needs.rows {
        match id {
            // A group lives in its own place only, and is looked up always.
            RowId::Group(_) => false,
            RowId::Person(id) => people.insert(*id.as_uuid()),
            RowId::Membership(id) => memberships.insert(*id.as_uuid()),
            RowId::Thing(id) => things.insert(*id.as_uuid()),
            RowId::Knowledge(id) => knowledge.insert(*id.as_uuid()),
        };
    }
    let ends: BTreeSet<Uuid> = needs
        .ends
        .iter()
        .filter_map(|end| match end {
            End::Thing(id) => Some(*id.as_uuid()),
            End::Person(_) | End::Group(_) => None,
        })
        .collect();
    things.extend(&ends);
    let [people, memberships, things, knowledge] = ids;
    if let Some(named) = &needs.key {
        looking.keys(kind::RECEIPT, "receipts", vec![named.as_str().to_owned()]);
    }
    if let Place::Group(_) = needs.place {
        looking.add(format!(
            "SELECT {}, doc, NULL, NULL FROM @groups WHERE place = $1",
            kind::GROUP
        ));
    }
    if let Some(seq) = needs.covered {
        looking.params.push(Box::new(key::number(seq.get())));
        let n = looking.params.len();
        looking.add(format!(
            "(SELECT {}, doc, NULL, NULL FROM @events WHERE place = $1 AND seq >= ${n} \
             ORDER BY seq LIMIT 1)",
            kind::COVERED
        ));
    }
    looking.ids(kind::PERSON, "people", "id", people);
    looking.ids(kind::MEMBERSHIP, "memberships", "person", memberships);
    looking.ids(kind::THING, "things", "id", things);
    if needs.place != Place::Global && !ends.is_empty() {
        // Things are never deleted and keep their type, so what is seen here stays true although
        // nobody holds the registry still.
        let n = looking.param(ends);
        looking.add(format!(
            "SELECT {}, doc, NULL, NULL FROM @things WHERE place = '\\x00' AND id = ANY(${n})",
            kind::REGISTRY
        ));
    }
    if !knowledge.is_empty() {
        let n = looking.param(knowledge);
        looking.add(format!(
            "SELECT {}, k.doc, v.model, v.vector FROM @knowledge k \
             LEFT JOIN @vectors v ON v.place = $1 AND v.id = k.id \
             WHERE k.place = $1 AND k.id = ANY(${n})",
            kind::KNOWLEDGE
        ));
    }
    let connections = needs.connections.iter().map(|id| *id.as_uuid()).collect();
    looking.ids(kind::CONNECTION, "connections", "id", connections);
    let budgets: Vec<String> = needs
        .budgets
        .iter()
        .map(|b| b.as_str().to_owned())
        .collect();
    if !budgets.is_empty() {
        looking.keys(kind::BUDGET, "budgets", budgets);
    }
    Query::new(looking.branches.join(" UNION ALL "), looking.params)
}

struct Looking {
    branches: Vec<String>,
    params: Vec<crate::session::Param>,
}

impl Looking {
    fn add(&mut self, branch: String) {
        self.branches.push(branch);
    }

    fn param(&mut self, ids: BTreeSet<Uuid>) -> usize {
        self.params
            .push(Box::new(ids.into_iter().collect::<Vec<_>>()));
        self.params.len()
    }

    fn ids(&mut self, kind: i32, table: &str, column: &str, ids: BTreeSet<Uuid>) {
        if !ids.is_empty() {
            let n = self.param(ids);
            self.add(format!(
                "SELECT {kind}, doc, NULL, NULL FROM @{table} \
                 WHERE place = $1 AND {column} = ANY(${n})"
            ));
        }
    }

    fn keys(&mut self, kind: i32, table: &str, keys: Vec<String>) {
        self.params.push(Box::new(keys));
        let n = self.params.len();
        // A budget does not know its own key.
        self.add(format!(
            "SELECT {kind}, doc, key, NULL FROM @{table} WHERE place = $1 AND key = ANY(${n})"
        ));
    }
}

/// What that statement has found.
pub(crate) fn found(needs: &Needs, rows: &[tokio_postgres::Row]) -> Result<Found, Failure> {
    let mut found = Found::default();
    for row in rows {
        let kind: i32 = column(row, 0)?;
        let doc: &str = column(row, 1)?;
        match kind {
            kind::HEAD => found.head = Some(decode::<Event>("events", doc)?.head()),
            kind::COVERED => found.covered = Some(decode::<Event>("events", doc)?.head()),
            kind::RECEIPT => found.receipt = Some(decode::<Receipt>("receipts", doc)?),
            kind::GROUP => {
                let group: Group = decode("groups", doc)?;
                let id = RowId::Group(group.id);
                if needs.rows.contains(&id) {
                    found.rows.insert(id, Row::Group(group.clone()));
                }
                found.group = Some(group);
            }
            kind::PERSON => put(&mut found, Row::Person(decode::<Person>("people", doc)?)),
            kind::MEMBERSHIP => {
                let row = decode::<Membership>("memberships", doc)?;
                put(&mut found, Row::Membership(row));
            }
            kind::THING => {
                let thing: Thing = decode("things", doc)?;
                let (end, id) = (End::Thing(thing.id), RowId::Thing(thing.id));
                if needs.ends.contains(&end) {
                    // One of this place counts before one of the registry.
                    found.ends.insert(end, thing.clone());
                }
                if needs.rows.contains(&id) {
                    found.rows.insert(id, Row::Thing(thing));
                }
            }
            kind::REGISTRY => {
                let thing: Thing = decode("things", doc)?;
                found.ends.entry(End::Thing(thing.id)).or_insert(thing);
            }
            kind::KNOWLEDGE => {
                let row = decode_knowledge(doc, column(row, 2)?, column(row, 3)?)?;
                put(&mut found, Row::Knowledge(row));
            }
            kind::CONNECTION => {
                let row: one_ontology::Connection = decode("connections", doc)?;
                let id: ConnectionId = row.id;
                found.connections.insert(id, row);
            }
            kind::BUDGET => {
                let name: &str = column(row, 2)?;
                let key = name
                    .parse::<BudgetKey>()
                    .map_err(|error| corrupt(format!("a budget's key: {error}")))?;
                let state: BudgetState = decode("budgets", doc)?;
                found.budgets.insert(key, state);
            }
            _ => {}
        }
    }
    Ok(found)
}

fn put(found: &mut Found, row: Row) {
    found.rows.insert(row.id(), row);
}

/// The head from the last event.
pub(crate) fn head_of(rows: &[tokio_postgres::Row]) -> Result<Option<Head>, StoreError> {
    let event: Option<Event> = one("events", rows)?;
    Ok(event.map(|event| event.head()))
}
