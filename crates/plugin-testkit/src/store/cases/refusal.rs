//! What does not hold is refused by name, and nothing of it is kept.

use one_ontology::{
    BudgetRule, ChangeSet, Connection, ConnectionId, ConnectionType, Embedding, End, Group,
    GroupId, Knowledge, KnowledgeType, Membership, PersonId, Place, Properties, Revision, Role,
    RowId, Scope, Spend, Thing, ThingId, ThingType, Timestamp,
};
use serde_json::json;

use crate::store::kit::{Kit, budget, key, label};

/// Each is refused, and leaves rows, events, budget and key as they were.
async fn invalid(kit: &Kit, scope: &Scope, all: impl IntoIterator<Item = ChangeSet>) {
    let before = kit.snapshot(scope).await;
    for changes in all {
        let spend = Spend::one(budget("refused"), BudgetRule::Level { limit: 1 });
        let changes = changes.spend(spend).once(key("refused"));
        assert_eq!(kit.refused(changes).await, "InvalidRow");
    }
    assert_eq!(kit.snapshot(scope).await, before);
    let spent = kit.store().budget(scope, &budget("refused")).await.unwrap();
    assert_eq!(spent, None);
    let receipt = kit.commit(kit.changes(scope).once(key("refused"))).await;
    assert_eq!(receipt.answer, one_ontology::Answer::Done);
}

fn with(kit: &Kit, scope: &Scope, change: impl FnOnce(&mut Thing)) -> ChangeSet {
    let mut thing = kit.thing(scope, ThingType::Course, "Course");
    change(&mut thing);
    kit.changes(scope).insert(thing)
}

fn knowing(kit: &Kit, scope: &Scope, change: impl FnOnce(&mut Knowledge)) -> ChangeSet {
    let mut row = kit.knowledge(scope, "text", &[]);
    change(&mut row);
    kit.changes(scope).insert(row)
}

pub(crate) async fn properties_that_are_too_deep(kit: &Kit) {
    let scope = kit.group().await;
    let deep = |levels| {
        let nested = (0..levels).fold(json!(1), |value, _| json!({"v": value}));
        Properties::new().with("v", nested)
    };
    let all = [
        with(kit, &scope, |thing| thing.properties = deep(32)),
        with(kit, &scope, |thing| thing.properties = deep(500)),
        knowing(kit, &scope, |row| row.metadata = deep(32)),
        kit.changes(&scope)
            .event(kit.event(None).with("v", json!(deep(32)))),
    ];
    invalid(kit, &scope, all).await;
}

pub(crate) async fn nul_in_any_text(kit: &Kit) {
    let scope = kit.group().await;
    let mut person = kit.person(&scope, "Ada");
    person.email = Some("a\0@b".to_owned());
    let id = scope.place().group().unwrap();
    let mut group = kit.store().group(id).await.unwrap().unwrap();
    group.name = "\0".to_owned();
    let all = [
        with(kit, &scope, |thing| thing.name = "a\0b".to_owned()),
        with(kit, &scope, |thing| {
            thing.properties = Properties::new().with("a\0", 1);
        }),
        with(kit, &scope, |thing| {
            thing.properties = Properties::new().with("a", json!([{"b": "\0"}]));
        }),
        knowing(kit, &scope, |row| row.text = Some("a\0".to_owned())),
        kit.changes(&scope).insert(kit.person(&scope, "A\0da")),
        kit.changes(&scope).insert(person),
        kit.changes(&scope).replace(group),
        kit.changes(&scope).event(kit.event(None).with("a", "\0")),
    ];
    invalid(kit, &scope, all).await;
}

pub(crate) async fn names_that_are_empty_or_too_long(kit: &Kit) {
    let scope = kit.group().await;
    let long = "é".repeat(513);
    let names = ["", " ", "\u{3000}", "a\nb", "\u{7f}", &long];
    let things = names.map(|name| with(kit, &scope, |thing| thing.name = name.to_owned()));
    let people = names.map(|name| kit.changes(&scope).insert(kit.person(&scope, name)));
    invalid(kit, &scope, things.into_iter().chain(people)).await;
}

pub(crate) async fn texts_that_are_too_long(kit: &Kit) {
    let scope = kit.group().await;
    let text = Some("x".repeat(Knowledge::MAX_TEXT + 1));
    invalid(kit, &scope, [knowing(kit, &scope, |row| row.text = text)]).await;
}

pub(crate) async fn labels_in_disorder(kit: &Kit) {
    let scope = kit.group().await;
    let many: Vec<String> = (0..65).map(|i| format!("l{i:02}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let all = [&["b", "a"][..], &["a", "a"], &many].map(|labels| {
        let labels = labels.iter().map(|text| label(text)).collect();
        knowing(kit, &scope, |row| row.labels = labels)
    });
    invalid(kit, &scope, all).await;
}

pub(crate) async fn knowledge_without_what_its_type_needs(kit: &Kit) {
    let scope = kit.group().await;
    let all = [
        knowing(kit, &scope, |row| row.text = None),
        knowing(kit, &scope, |row| row.text = Some(String::new())),
        knowing(kit, &scope, |row| {
            row.knowledge_type = KnowledgeType::VectorOnly;
        }),
        knowing(kit, &scope, |row| {
            row.chunk = Some(one_ontology::ChunkPosition {
                index: 0,
                start: 2,
                end: 1,
            });
        }),
    ];
    invalid(kit, &scope, all).await;
    // What is no vector cannot be said at all.
    for values in [vec![], vec![f32::NAN], vec![f32::INFINITY], vec![0.0; 8193]] {
        assert!(Embedding::new("m", values).is_err());
    }
}

pub(crate) async fn connections_that_cannot_be(kit: &Kit) {
    let scope = kit.group().await;
    let there = kit.added(&scope, ThingType::Course, "There").await.id;
    let elsewhere = kit.group().await.place().group().unwrap();
    let person = PersonId::new(&kit.ids, kit.now());
    let mut backwards = kit.connection(&scope, there, ConnectionType::References, person);
    backwards.valid_from = Some(Timestamp::EPOCH);
    backwards.valid_to = Some(Timestamp::MIN);
    let all = [
        kit.connection(&scope, there, ConnectionType::References, there),
        kit.connection(
            &scope,
            person,
            ConnectionType::MemberOf,
            End::Group(elsewhere),
        ),
        backwards,
        Connection {
            place: Place::Global,
            ..kit.connection(&scope, person, ConnectionType::EnrolledIn, there)
        },
    ];
    let all = all.map(|connection| kit.changes(&scope).connect(connection));
    invalid(kit, &scope, all).await;
}

pub(crate) async fn memberships_of_roles_that_do_not_fit(kit: &Kit) {
    let (scope, global) = (kit.group().await, kit.global());
    let person = PersonId::new(&kit.ids, kit.now());
    for (scope, role) in [(scope, Role::PlatformOwner), (global, Role::GroupOwner)] {
        let membership = Membership::new(person, scope.place(), role, kit.now());
        invalid(kit, &scope, [kit.changes(&scope).insert(membership)]).await;
        let found = kit.store().membership(person, scope.place()).await.unwrap();
        assert_eq!(found, None);
    }
}

pub(crate) async fn groups_that_cannot_be(kit: &Kit) {
    let scope = kit.group().await;
    let id = scope.place().group().unwrap();
    let group = kit.store().group(id).await.unwrap().unwrap();
    let mut own_parent = group.clone();
    own_parent.parent = Some(id);
    let now = kit.now();
    let another = Group::new(GroupId::new(&kit.ids, now), "Another", now);
    let all = [
        kit.changes(&scope).replace(own_parent),
        kit.changes(&scope).insert(another.clone()),
    ];
    invalid(kit, &scope, all).await;
    assert_eq!(kit.store().group(id).await.unwrap(), Some(group));
    assert_eq!(kit.store().group(another.id).await.unwrap(), None);
}

pub(crate) async fn what_never_changes(kit: &Kit) {
    let scope = kit.group().await;
    let thing = kit.added(&scope, ThingType::Course, "Course").await;
    let row = kit.knowledge(&scope, "text", &[]);
    let row = kit.kept_knowledge(&scope, row).await;
    let mut made_before = thing.clone();
    made_before.created_at = Timestamp::EPOCH;
    let mut moved = thing;
    moved.place = Place::Global;
    let mut retyped = row.clone();
    retyped.knowledge_type = KnowledgeType::Document;
    let all = [
        kit.changes(&scope).replace(made_before),
        kit.changes(&scope).replace(moved),
        kit.changes(&scope).replace(retyped),
    ];
    invalid(kit, &scope, all).await;
}

pub(crate) async fn what_is_made_after_it_is_written(kit: &Kit) {
    let scope = kit.group().await;
    let late = |thing: &mut Thing| thing.created_at = Timestamp::MAX;
    invalid(kit, &scope, [with(kit, &scope, late)]).await;
}

/// Also where a database's numbers end before a revision's do.
pub(crate) async fn revisions_that_no_row_has(kit: &Kit) {
    let scope = kit.group().await;
    let thing = kit.added(&scope, ThingType::Course, "Course").await;
    let before = kit.snapshot(&scope).await;
    for number in [0, 2, u64::from(u32::MAX), i64::MAX as u64, u64::MAX] {
        let revision = Revision::new(number);
        let mut read = thing.clone();
        read.revision = revision;
        for changes in [
            kit.changes(&scope).insist(RowId::Thing(thing.id), revision),
            kit.changes(&scope)
                .archive(RowId::Thing(thing.id), revision),
            kit.changes(&scope).replace(read),
        ] {
            assert_eq!(kit.refused(changes).await, "Stale", "{number}");
        }
    }
    assert_eq!(kit.snapshot(&scope).await, before);
}

pub(crate) async fn one_bad_part_behind_many_good_ones(kit: &Kit) {
    let scope = kit.group().await;
    let good = || {
        let mut changes = kit.changes(&scope);
        for i in 0..100 {
            let thing = kit.thing(&scope, ThingType::Course, &format!("Course {i}"));
            changes = changes.insert(thing).event(kit.event(None));
        }
        changes
    };
    let bad_event = kit.event(None).with("bad", "\0");
    let bad = kit.thing(&scope, ThingType::Course, "");
    let all = [good().event(bad_event), good().insert(bad)];
    invalid(kit, &scope, all).await;
    let before = kit.snapshot(&scope).await;
    let nobody = ThingId::new(&kit.ids, kit.now());
    let nowhere = ConnectionId::new(&kit.ids, kit.now());
    let there = kit.thing(&scope, ThingType::Course, "There");
    let dangling = kit.connection(&scope, there.id, ConnectionType::References, nobody);
    for changes in [
        good().insert(there).connect(dangling),
        good().disconnect(nowhere),
        good().archive(RowId::Thing(nobody), Revision::FIRST),
    ] {
        assert_eq!(kit.refused(changes).await, "NotFound");
    }
    assert_eq!(kit.snapshot(&scope).await, before);
}

/// Of a refused change set nothing is found by any other way either.
pub(crate) async fn nothing_of_it_is_found(kit: &Kit) {
    let scope = kit.group().await;
    let person = PersonId::new(&kit.ids, kit.earlier());
    let thing = kit.thing(&scope, ThingType::Course, "unheard");
    let id = thing.id;
    let missing = kit.thing(&scope, ThingType::Course, "Missing");
    let changes = kit
        .changes(&scope)
        .insert(thing)
        .insert(kit.knowledge(&scope, "unheard", &["topic:x"]))
        .insert(Membership::new(
            person,
            scope.place(),
            Role::GroupUser,
            kit.earlier(),
        ))
        .replace(missing);
    assert_eq!(kit.refused(changes).await, "NotFound");
    let store = kit.store();
    assert_eq!(store.thing(&scope, id).await.unwrap(), None);
    let member = store.membership(person, scope.place()).await.unwrap();
    assert_eq!(member, None);
    for among in [
        one_ontology::Among::default(),
        one_ontology::Among::Things { types: Vec::new() },
    ] {
        let query = one_ontology::SearchQuery {
            among,
            text: Some("unheard".to_owned()),
            ..Default::default()
        };
        assert_eq!(store.search(&scope, &query).await.unwrap(), []);
    }
}

/// 64 MB, as a thing's, an event's and a row's of knowledge.
pub(crate) async fn properties_that_are_too_large(kit: &Kit) {
    let scope = kit.group().await;
    let huge = || Properties::new().with("v", "x".repeat(64 << 20));
    let barely = Properties::new().with("v", "x".repeat(Properties::MAX_BYTES - 7));
    invalid(
        kit,
        &scope,
        [
            with(kit, &scope, |thing| thing.properties = huge()),
            with(kit, &scope, |thing| thing.properties = barely.clone()),
            knowing(kit, &scope, |row| row.metadata = barely.clone()),
            kit.changes(&scope)
                .event(kit.event(None).with("v", json!(barely))),
        ],
    )
    .await;
}
