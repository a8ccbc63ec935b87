//! A fixed history with every kind of row, in the shared registry and in a group.

use futures::executor::block_on;
use one_ontology::{
    Among, BudgetRule, ChangeSet, Connection, ConnectionId, ConnectionType, Embedding, EventId,
    EventType, Group, GroupId, Hit, Knowledge, KnowledgeId, KnowledgeRole, KnowledgeSource,
    KnowledgeType, Membership, NewEvent, Person, PersonId, Place, Role, RowId, Scope, SearchQuery,
    Spend, Store, Thing, ThingId, ThingType, Timestamp,
};

/// How many rows it leaves in each table.
pub(crate) const ROWS: [(&str, u64); 11] = [
    ("groups", 1),
    ("people", 1),
    ("memberships", 1),
    ("things", 4),
    ("connections", 2),
    ("events", 8),
    ("knowledge", 2),
    ("labels", 2),
    ("vectors", 1),
    ("budgets", 1),
    ("receipts", 1),
];

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(1_767_225_600_000_000 + seconds * 1_000_000)
}

/// Writes it, always the same.
pub(crate) fn write(store: &dyn Store) {
    let group = GroupId::of_name(&["history"]);
    for changes in in_registry().into_iter().chain(in_group(group)) {
        block_on(store.commit(changes)).unwrap();
    }
}

fn changes(scope: &Scope, name: &str, second: i64) -> ChangeSet {
    let id = EventId::of_name(&["history", name]);
    let event = NewEvent::new(id, EventType::EntityCreated, None);
    ChangeSet::new(scope, event, at(second))
}

fn thing(scope: &Scope, name: &str, second: i64) -> Thing {
    let id = ThingId::of_name(&["history", name]);
    Thing::new(scope, id, ThingType::Course, name, at(second))
}

fn in_registry() -> Vec<ChangeSet> {
    let scope = Scope::system("test".parse().unwrap(), Place::Global);
    let mut rust = thing(&scope, "Rust, from the start", 0);
    rust.properties = rust
        .properties
        .with("description", "Größe, 変数 and l'accès")
        .with("npm_package", "@history/rust")
        .with("registry_url", "https://example.com/rust")
        .with("weight", 0.1);
    let mut later = rust.clone();
    later.name = "Rust, from the middle".to_owned();
    let old = thing(&scope, "An archived thing", 1);
    let archived = changes(&scope, "archive", 3).archive(RowId::Thing(old.id), old.revision);
    vec![
        changes(&scope, "rust", 0).insert(rust),
        changes(&scope, "old", 1).insert(old),
        changes(&scope, "later", 2).replace(later),
        archived,
    ]
}

fn in_group(id: GroupId) -> Vec<ChangeSet> {
    let place = Place::Group(id);
    let scope = Scope::system("test".parse().unwrap(), place);
    let person = PersonId::of_name(&["history", "person"]);
    let founded = changes(&scope, "founded", 4)
        .insert(Group::new(id, "A group", at(4)))
        .insert(Person::new(&scope, person, "Zoë", at(4)))
        .insert(Membership::new(person, place, Role::GroupOwner, at(4)));

    let (one, two) = (thing(&scope, "one", 5), thing(&scope, "two", 5));
    let connect = |name: &str, from: &Thing, to: &Thing| {
        let id = ConnectionId::of_name(&["history", name]);
        Connection::new(&scope, id, from.id, ConnectionType::PartOf, to.id, at(5))
    };
    let (ends, stays) = (connect("ends", &one, &two), connect("stays", &two, &one));
    let connected = changes(&scope, "connected", 5)
        .insert(one.clone())
        .insert(two)
        .connect(ends.clone())
        .connect(stays);

    let knowledge = |name: &str| {
        let id = KnowledgeId::of_name(&["history", name]);
        Knowledge::new(&scope, id, KnowledgeType::Chunk, at(6))
    };
    let (mut known, mut forgotten) = (knowledge("known"), knowledge("forgotten"));
    known.text = Some("What is known of one".to_owned());
    known.embedding = Some(Embedding::new("test", vec![0.25, -1.5, 3.0]).unwrap());
    known.labels = vec![
        "level:first".parse().unwrap(),
        "topic:rust".parse().unwrap(),
    ];
    known.source = Some(KnowledgeSource {
        end: one.id.into(),
        role: KnowledgeRole::Summary,
        field: Some("description".to_owned()),
    });
    forgotten.text = Some("What was known".to_owned());
    forgotten.labels = vec!["topic:none".parse().unwrap()];
    let forgets = (RowId::Knowledge(forgotten.id), forgotten.revision);
    let learnt = changes(&scope, "learnt", 6)
        .insert(known)
        .insert(forgotten)
        .once("history:learnt".parse().unwrap())
        .spend(Spend::one(
            "history".parse().unwrap(),
            BudgetRule::Level { limit: 5 },
        ));
    let ended = changes(&scope, "ended", 7)
        .disconnect(ends.id)
        .archive(forgets.0, forgets.1);
    vec![founded, connected, learnt, ended]
}

/// What is found of it, by text and by vector, in the shared registry and in the group.
pub(crate) fn searches(store: &dyn Store) -> Vec<Vec<Hit>> {
    let group = Place::Group(GroupId::of_name(&["history"]));
    let queries = [
        (
            Place::Global,
            Among::Things { types: Vec::new() },
            "rust archived",
        ),
        (group, Among::Things { types: Vec::new() }, "one"),
        (group, Among::default(), "known"),
    ];
    queries
        .into_iter()
        .map(|(place, among, text)| {
            let scope = Scope::system("test".parse().unwrap(), place);
            let query = SearchQuery {
                among,
                text: Some(text.to_owned()),
                embedding: Some(Embedding::new("test", vec![1.0, 1.0, 1.0]).unwrap()),
                ..SearchQuery::default()
            };
            let hits = block_on(store.search(&scope, &query)).unwrap();
            assert_eq!(hits.len(), 1, "{text}");
            hits
        })
        .collect()
}
