//! What every case needs: ids, moments, scopes, rows.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use one_ontology::{
    BudgetKey, ChangeSet, Connection, ConnectionId, ConnectionQuery, ConnectionType, Cursor, End,
    Ended, Event, EventId, EventQuery, EventType, Group, GroupId, Head, IdempotencyKey, Knowledge,
    KnowledgeId, KnowledgeQuery, KnowledgeType, Label, Limit, NewEvent, Page, Person, PersonId,
    PersonQuery, Place, Query, Receipt, Row, Scope, SequentialIds, Store, StoreError, Thing,
    ThingId, ThingQuery, ThingStatus, ThingType, Timestamp,
};

use crate::store::Subject;
use crate::store::timer::within;

/// A store and the means to fill it.
pub(crate) struct Kit {
    subject: Subject,
    pub(crate) ids: SequentialIds,
    micros: AtomicI64,
}

/// All that can be listed of a place.
#[derive(Debug, PartialEq)]
pub(crate) struct Snapshot {
    things: Vec<Thing>,
    connections: Vec<Connection>,
    events: Vec<Event>,
    knowledge: Vec<Knowledge>,
    people: Vec<Person>,
    head: Option<Head>,
}

/// 2026-01-01T00:00:00Z.
const START: i64 = 1_767_225_600_000_000;

impl Kit {
    pub(crate) fn new(subject: Subject) -> Self {
        Self {
            subject,
            ids: SequentialIds::new(),
            micros: AtomicI64::new(START),
        }
    }

    pub(crate) fn store(&self) -> &dyn Store {
        self.subject.store.as_ref()
    }

    pub(crate) fn shared(&self) -> Arc<dyn Store> {
        Arc::clone(&self.subject.store)
    }

    pub(crate) const fn patience(&self) -> std::time::Duration {
        self.subject.patience
    }

    /// What comes of `future`, unless the store takes too long.
    pub(crate) async fn soon<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        within(self.subject.patience, future).await
    }

    /// A moment after every earlier one, not on a whole millisecond.
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.micros.fetch_add(1001, Ordering::Relaxed) + 1001)
    }

    /// A moment before every `now`, for rows that a change set will insert.
    pub(crate) fn earlier(&self) -> Timestamp {
        self.now().minus(std::time::Duration::from_secs(86_400))
    }

    pub(crate) fn global(&self) -> Scope {
        Self::system(Place::Global)
    }

    pub(crate) fn system(place: Place) -> Scope {
        Scope::system("suite".parse().unwrap(), place)
    }

    /// A scope in a group made for it.
    pub(crate) async fn group(&self) -> Scope {
        self.group_below(None).await
    }

    pub(crate) async fn group_below(&self, parent: Option<GroupId>) -> Scope {
        let now = self.now();
        let mut group = Group::new(GroupId::new(&self.ids, now), "Group", now);
        group.parent = parent;
        let scope = Self::system(group.place());
        self.add(&scope, group).await;
        scope
    }

    pub(crate) fn event(&self, target: Option<End>) -> NewEvent {
        NewEvent::new(
            EventId::new(&self.ids, self.now()),
            EventType::EntityUpdated,
            target,
        )
    }

    pub(crate) fn event_of(&self, event_type: EventType, target: Option<End>) -> NewEvent {
        NewEvent::new(EventId::new(&self.ids, self.now()), event_type, target)
    }

    pub(crate) fn changes(&self, scope: &Scope) -> ChangeSet {
        ChangeSet::new(scope, self.event(None), self.now())
    }

    pub(crate) async fn commit(&self, changes: ChangeSet) -> Receipt {
        match self.store().commit(changes).await {
            Ok(receipt) => receipt,
            Err(error) => panic!("a change set that holds was refused: {error}"),
        }
    }

    /// The tag of the error.
    pub(crate) async fn refused(&self, changes: ChangeSet) -> &'static str {
        match self.store().commit(changes).await {
            Ok(receipt) => panic!("a change set that does not hold was done: {receipt:?}"),
            Err(error) => error.tag(),
        }
    }

    /// Inserts a row and gives it back as it was kept.
    pub(crate) async fn add(&self, scope: &Scope, row: impl Into<Row>) {
        self.commit(self.changes(scope).insert(row)).await;
    }

    pub(crate) fn thing(&self, scope: &Scope, thing_type: ThingType, name: &str) -> Thing {
        let now = self.earlier();
        Thing::new(scope, ThingId::new(&self.ids, now), thing_type, name, now)
    }

    pub(crate) async fn added(&self, scope: &Scope, thing_type: ThingType, name: &str) -> Thing {
        self.kept(scope, self.thing(scope, thing_type, name)).await
    }

    /// Inserts a thing and reads it back.
    pub(crate) async fn kept(&self, scope: &Scope, thing: Thing) -> Thing {
        let id = thing.id;
        self.add(scope, thing).await;
        self.read(scope, id).await
    }

    pub(crate) async fn read(&self, scope: &Scope, id: ThingId) -> Thing {
        let thing = self.store().thing(scope, id).await.unwrap();
        thing.expect("a thing that was inserted is there")
    }

    pub(crate) fn person(&self, scope: &Scope, name: &str) -> Person {
        let now = self.earlier();
        Person::new(scope, PersonId::new(&self.ids, now), name, now)
    }

    pub(crate) fn knowledge(&self, scope: &Scope, text: &str, labels: &[&str]) -> Knowledge {
        let now = self.earlier();
        let id = KnowledgeId::new(&self.ids, now);
        let mut row = Knowledge::new(scope, id, KnowledgeType::Chunk, now);
        row.text = Some(text.to_owned());
        row.labels = labels.iter().map(|l| label(l)).collect();
        row
    }

    pub(crate) async fn kept_knowledge(&self, scope: &Scope, row: Knowledge) -> Knowledge {
        let id = row.id;
        self.add(scope, row).await;
        let row = self.store().knowledge_by_id(scope, id).await.unwrap();
        row.expect("knowledge that was inserted is there")
    }

    pub(crate) fn connection(
        &self,
        scope: &Scope,
        from: impl Into<End>,
        connection_type: ConnectionType,
        to: impl Into<End>,
    ) -> Connection {
        let now = self.earlier();
        let id = ConnectionId::new(&self.ids, now);
        Connection::new(scope, id, from, connection_type, to, now)
    }

    pub(crate) async fn connected(
        &self,
        scope: &Scope,
        from: impl Into<End>,
        connection_type: ConnectionType,
        to: impl Into<End>,
    ) -> Connection {
        let connection = self.connection(scope, from, connection_type, to);
        self.commit(self.changes(scope).connect(connection.clone()))
            .await;
        connection
    }

    pub(crate) async fn names(&self, scope: &Scope, query: &ThingQuery) -> Vec<String> {
        let page = self.store().things(scope, query).await.unwrap();
        page.items.into_iter().map(|thing| thing.name).collect()
    }

    pub(crate) async fn texts(&self, scope: &Scope, query: &KnowledgeQuery) -> Vec<String> {
        let page = self.store().knowledge(scope, query).await.unwrap();
        page.items.into_iter().filter_map(|row| row.text).collect()
    }

    /// One row of knowledge that is there.
    pub(crate) async fn passage(&self, scope: &Scope, id: KnowledgeId) -> Knowledge {
        let found = self.store().knowledge_by_id(scope, id).await.unwrap();
        found.unwrap()
    }

    pub(crate) async fn snapshot(&self, scope: &Scope) -> Snapshot {
        let store = self.store();
        let limit = Limit::new(Limit::MAX);
        let things = ThingQuery {
            statuses: ThingStatus::ALL.to_vec(),
            limit,
            ..ThingQuery::default()
        };
        let connections = ConnectionQuery {
            ended: Ended::Listed,
            limit,
            ..ConnectionQuery::default()
        };
        let events = EventQuery {
            limit,
            ..EventQuery::default()
        };
        let knowledge = KnowledgeQuery {
            limit,
            ..KnowledgeQuery::default()
        };
        let people = PersonQuery {
            limit,
            ..PersonQuery::default()
        };
        Snapshot {
            things: store.things(scope, &things).await.unwrap().items,
            connections: store.connections(scope, &connections).await.unwrap().items,
            events: store.events(scope, &events).await.unwrap().items,
            knowledge: store.knowledge(scope, &knowledge).await.unwrap().items,
            people: store.people(scope, &people).await.unwrap().items,
            head: store.head(scope).await.unwrap(),
        }
    }

    pub(crate) async fn events(&self, scope: &Scope) -> Vec<Event> {
        self.snapshot(scope).await.events
    }
}

/// Every row of a query, page by page; each page is checked for its size and its end. `go_on`
/// puts a cursor into the query.
pub(crate) async fn pages<Q: Query>(
    mut query: Q,
    go_on: impl Fn(&mut Q, Cursor),
    list: impl AsyncFn(&Q) -> Result<Page<Q::Row>, StoreError>,
) -> Vec<Q::Row> {
    let mut rows = Vec::new();
    for _ in 0..1000 {
        let page = list(&query).await.unwrap();
        let full = page.items.len() == query.limit().get();
        assert!(
            page.items.len() <= query.limit().get(),
            "a page has more rows than its limit"
        );
        rows.extend(page.items);
        let Some(next) = page.next else {
            return rows;
        };
        assert!(full, "a page that is not full says that there are more");
        go_on(&mut query, next);
    }
    panic!("the pages do not end");
}

pub(crate) fn label(text: &str) -> Label {
    text.parse().unwrap()
}

pub(crate) fn budget(text: &str) -> BudgetKey {
    text.parse().unwrap()
}

pub(crate) fn key(text: &str) -> IdempotencyKey {
    text.parse().unwrap()
}

pub(crate) fn limit(rows: u32) -> Limit {
    Limit::new(rows)
}
