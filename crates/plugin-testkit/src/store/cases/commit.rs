//! A change set happens, all of it, and says so.

use one_ontology::{
    Answer, ChangeSet, Embedding, Group, GroupId, HitId, KnowledgeType, Limit, Membership,
    PersonId, Place, Role, Row, RowId, Scope, SearchQuery, Seq, ThingType, Timestamp,
};
use serde_json::{Value, json};

use crate::store::kit::Kit;

pub(crate) async fn a_row_is_there_when_the_commit_has_returned(kit: &Kit) {
    let scope = kit.group().await;
    for round in 0..20 {
        let thing = kit.thing(&scope, ThingType::Course, &format!("Course {round}"));
        let id = thing.id;
        kit.add(&scope, thing).await;
        assert!(kit.store().thing(&scope, id).await.unwrap().is_some());
    }
}

pub(crate) async fn every_kind_of_row_comes_back_as_it_was(kit: &Kit) {
    let now = kit.now();
    let group = Group::new(GroupId::new(&kit.ids, now), "Gruppe „ö“ 🦀", now);
    let scope = Kit::system(group.place());
    let mut person = kit.person(&scope, "Ada O'Neill; DROP TABLE people --");
    person.email = Some("ada@example.org".to_owned());
    let membership = Membership::new(person.id, scope.place(), Role::GroupUser, now);
    let thing = kit.thing(&scope, ThingType::Course, "Rust");
    let knowledge = kit.knowledge(&scope, "Text with\nlines\tand 'quotes'", &["topic:rust"]);
    let changes = ChangeSet::new(&scope, kit.event(None), now)
        .insert(group.clone())
        .insert(person.clone())
        .insert(membership.clone())
        .insert(thing.clone())
        .insert(knowledge.clone());
    kit.commit(changes).await;
    let stamped = |row: Row| {
        let mut value = serde_json::to_value(row).unwrap();
        value["updated_at"] = json!(now);
        value
    };
    let store = kit.store();
    let read: Vec<(Row, Row)> = vec![
        (
            group.clone().into(),
            store.group(group.id).await.unwrap().unwrap().into(),
        ),
        (
            person.clone().into(),
            store
                .person(&scope, person.id)
                .await
                .unwrap()
                .unwrap()
                .into(),
        ),
        (
            membership.into(),
            store
                .membership(person.id, scope.place())
                .await
                .unwrap()
                .unwrap()
                .into(),
        ),
        (
            thing.clone().into(),
            kit.read(&scope, thing.id).await.into(),
        ),
        (
            knowledge.clone().into(),
            store
                .knowledge_by_id(&scope, knowledge.id)
                .await
                .unwrap()
                .unwrap()
                .into(),
        ),
    ];
    for (written, read) in read {
        assert_eq!(stamped(written), serde_json::to_value(read).unwrap());
    }
}

pub(crate) async fn properties_come_back_as_they_were(kit: &Kit) {
    let scope = kit.group().await;
    let values = [
        json!(null),
        json!(true),
        json!(0),
        json!(-1),
        json!(i64::MIN),
        json!(u64::MAX),
        json!(1.0),
        json!(-0.0),
        json!(0.1 + 0.2),
        json!(1e300),
        json!(5e-324),
        json!(9_007_199_254_740_993_u64),
        json!(0.123_456_789_012_345_67),
        json!(""),
        json!("tab\t, quote \", backslash \\, newline \n, \u{1}, \u{7f}, \u{feff}, 🦀, e\u{301}"),
        json!([1, [2, [3, {"deep": []}]]]),
        json!({"b": 1, "a": {"é": null, "": "empty name"}}),
    ];
    let mut thing = kit.thing(&scope, ThingType::Course, "Values");
    for (i, value) in values.iter().enumerate() {
        thing.properties = thing.properties.with(&format!("v{i}"), value.clone());
    }
    let read = kit.kept(&scope, thing.clone()).await;
    for (i, value) in values.iter().enumerate() {
        let found: Option<&Value> = read.properties.get(&format!("v{i}"));
        // Compared as texts too: minus zero equals zero.
        assert_eq!(found, Some(value));
        assert_eq!(found.map(ToString::to_string), Some(value.to_string()));
    }
    assert_eq!(read.properties, thing.properties);
}

pub(crate) async fn vectors_come_back_bit_for_bit(kit: &Kit) {
    let scope = kit.group().await;
    let values = vec![
        0.1,
        -0.0,
        f32::MIN_POSITIVE,
        f32::MAX,
        f32::MIN,
        1e-45,
        1.0 / 3.0,
        16_777_217.0,
    ];
    let mut row = kit.knowledge(&scope, "x", &[]);
    row.knowledge_type = KnowledgeType::VectorOnly;
    row.text = None;
    row.embedding = Some(Embedding::new("model", values.clone()).unwrap());
    let read = kit.kept_knowledge(&scope, row).await;
    let read = read.embedding.expect("its vector is there");
    let bits = |values: &[f32]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(read.values()), bits(&values));
    assert_eq!(read.model(), "model");
}

pub(crate) async fn moments_keep_their_microseconds(kit: &Kit) {
    let scope = kit.group().await;
    for micros in [
        1,
        999_999,
        1_767_139_200_123_456,
        -1,
        -62_135_596_800_000_000,
    ] {
        let mut thing = kit.thing(&scope, ThingType::Course, "Then");
        thing.created_at = Timestamp::from_micros(micros);
        let read = kit.kept(&scope, thing).await;
        assert_eq!(read.created_at.as_micros(), micros);
    }
}

pub(crate) async fn a_large_change_set_is_done_whole(kit: &Kit) {
    let scope = kit.group().await;
    let mut changes = kit.changes(&scope);
    for i in 0..500 {
        changes = changes
            .insert(kit.thing(&scope, ThingType::Course, &format!("Course {i:04}")))
            .event(kit.event(None));
    }
    let receipt = kit.commit(changes).await;
    assert_eq!(receipt.first, Seq::new(2));
    assert_eq!(receipt.head.seq, Seq::new(502));
    let all = one_ontology::ThingQuery {
        limit: crate::store::kit::limit(1000),
        ..Default::default()
    };
    assert_eq!(kit.names(&scope, &all).await.len(), 500);
}

pub(crate) async fn too_many_parts_are_refused(kit: &Kit) {
    let scope = kit.group().await;
    let before = kit.snapshot(&scope).await;
    let mut changes = kit.changes(&scope);
    for _ in 0..ChangeSet::MAX_PARTS {
        changes = changes.event(kit.event(None));
    }
    assert_eq!(kit.refused(changes).await, "InvalidRow");
    assert_eq!(kit.snapshot(&scope).await, before);
}

pub(crate) async fn the_receipt_says_where_and_which_events(kit: &Kit) {
    let scope = kit.group().await;
    let changes = kit
        .changes(&scope)
        .event(kit.event(None))
        .event(kit.event(None));
    let receipt = kit.commit(changes).await;
    assert_eq!(receipt.place, scope.place());
    assert_eq!(receipt.first, Seq::new(2));
    assert_eq!(receipt.head.seq, Seq::new(4));
    assert_eq!(receipt.answer, Answer::Done);
    assert!(receipt.budgets.is_empty());
    assert_eq!(kit.store().head(&scope).await.unwrap(), Some(receipt.head));
}

pub(crate) async fn what_is_invalid_changes_nothing(kit: &Kit) {
    let scope = kit.group().await;
    let before = kit.snapshot(&scope).await;
    let good = kit.thing(&scope, ThingType::Course, "Good");
    let bad = kit.thing(&scope, ThingType::Course, "");
    let changes = kit.changes(&scope).insert(good).insert(bad);
    assert_eq!(kit.refused(changes).await, "InvalidRow");
    assert_eq!(kit.snapshot(&scope).await, before);
}

pub(crate) async fn what_is_there_already_changes_nothing(kit: &Kit) {
    let scope = kit.group().await;
    let there = kit.added(&scope, ThingType::Course, "There").await;
    let before = kit.snapshot(&scope).await;
    let new = kit.thing(&scope, ThingType::Course, "New");
    let mut again = there.clone();
    again.name = "Again".to_owned();
    let changes = kit.changes(&scope).insert(new).insert(again);
    assert_eq!(kit.refused(changes).await, "AlreadyExists");
    assert_eq!(kit.snapshot(&scope).await, before);
}

pub(crate) async fn what_is_stale_changes_nothing(kit: &Kit) {
    let scope = kit.group().await;
    let old = kit.added(&scope, ThingType::Course, "Old").await;
    kit.commit(kit.changes(&scope).replace(old.clone())).await;
    let before = kit.snapshot(&scope).await;
    let new = kit.thing(&scope, ThingType::Course, "New");
    let changes = kit.changes(&scope).insert(new).replace(old);
    assert_eq!(kit.refused(changes).await, "Stale");
    assert_eq!(kit.snapshot(&scope).await, before);
}

pub(crate) async fn what_is_not_found_changes_nothing(kit: &Kit) {
    let scope = kit.group().await;
    let before = kit.snapshot(&scope).await;
    let (new, missing) = (
        kit.thing(&scope, ThingType::Course, "New"),
        kit.thing(&scope, ThingType::Course, "Missing"),
    );
    let changes = kit.changes(&scope).insert(new).replace(missing);
    assert_eq!(kit.refused(changes).await, "NotFound");
    assert_eq!(kit.snapshot(&scope).await, before);
}

pub(crate) async fn one_id_in_two_places_is_two_rows(kit: &Kit) {
    let (a, b) = (kit.group().await, kit.group().await);
    let here = kit.thing(&a, ThingType::Course, "Here");
    let mut there = here.clone();
    there.place = b.place();
    there.name = "There".to_owned();
    let id = here.id;
    kit.add(&a, here).await;
    kit.add(&b, there).await;
    assert_eq!(kit.read(&a, id).await.name, "Here");
    assert_eq!(kit.read(&b, id).await.name, "There");
}

pub(crate) async fn nothing_is_there_at_first(kit: &Kit) {
    for scope in [
        kit.global(),
        Kit::system(Place::Group(GroupId::new(&kit.ids, kit.now()))),
    ] {
        let store = kit.store();
        assert_eq!(store.head(&scope).await.unwrap(), None);
        assert!(kit.events(&scope).await.is_empty());
        let person = PersonId::new(&kit.ids, kit.now());
        assert_eq!(store.person(&scope, person).await.unwrap(), None);
        assert_eq!(store.membership(person, scope.place()).await.unwrap(), None);
    }
}

/// More than one of everything.
pub(crate) async fn a_change_set_of_every_part_is_done_whole(kit: &Kit) {
    use one_ontology::{BudgetRule, ConnectionQuery, ConnectionType, Spend};
    let scope = kit.group().await;
    let things: Vec<_> = (0..3)
        .map(|i| kit.thing(&scope, ThingType::Course, &format!("Course {i}")))
        .collect();
    let mut changes = kit.changes(&scope).once(crate::store::kit::key("request"));
    for i in 0..3 {
        let connection = kit.connection(
            &scope,
            things[i].id,
            ConnectionType::References,
            things[(i + 1) % 3].id,
        );
        let name = crate::store::kit::budget(&format!("budget {i}"));
        changes = changes
            .insert(things[i].clone())
            .insert(kit.person(&scope, &format!("Person {i}")))
            .insert(kit.knowledge(&scope, &format!("text {i}"), &["topic:x"]))
            .connect(connection)
            .spend(Spend::one(name, BudgetRule::Level { limit: 1 }))
            .event(kit.event(Some(things[i].id.into())));
    }
    let receipt = kit.commit(changes).await;
    assert_eq!(
        (receipt.first, receipt.head.seq),
        (Seq::new(2), Seq::new(5))
    );
    assert_eq!(receipt.budgets.len(), 3);
    let store = kit.store();
    assert_eq!(kit.names(&scope, &Default::default()).await.len(), 3);
    assert_eq!(kit.texts(&scope, &Default::default()).await.len(), 3);
    let people = store.people(&scope, &Default::default()).await.unwrap();
    assert_eq!(people.items.len(), 3);
    let joined = store.connections(&scope, &ConnectionQuery::default()).await;
    assert_eq!(joined.unwrap().items.len(), 3);
    for (name, state) in &receipt.budgets {
        assert_eq!(
            store.budget(&scope, name).await.unwrap().as_ref(),
            Some(state)
        );
    }
    assert_eq!(kit.events(&scope).await.len(), 5);
    let again = kit.changes(&scope).once(crate::store::kit::key("request"));
    assert_eq!(kit.commit(again).await.answer, Answer::Replayed);
}

pub(crate) async fn one_id_in_two_places_is_two_of_every_row(kit: &Kit) {
    let (a, b) = (kit.group().await, kit.group().await);
    let person = kit.person(&a, "Here");
    let row = kit.knowledge(&a, "here", &["topic:x"]);
    let vector = |values: [f32; 2]| Some(Embedding::new("m", values.to_vec()).unwrap());
    let rows = [
        (&a, "here", vector([1.0, 0.0])),
        (&b, "there", vector([0.0, 1.0])),
    ];
    let now = kit.now();
    for (scope, text, vector) in &rows {
        let mut person = person.clone();
        let mut row = row.clone();
        person.place = scope.place();
        person.display_name = (*text).to_owned();
        row.place = scope.place();
        row.text = Some((*text).to_owned());
        row.embedding.clone_from(vector);
        // At the same moment, as far as anybody can tell them apart by that.
        let both = ChangeSet::new(scope, kit.event(None), now);
        kit.commit(both.insert(person).insert(row)).await;
    }
    for (scope, text, vector) in &rows {
        let store = kit.store();
        let read = store.person(scope, person.id).await.unwrap();
        assert_eq!(read.unwrap().display_name, *text);
        let read = store.knowledge_by_id(scope, row.id).await.unwrap();
        assert_eq!(read.unwrap().embedding, *vector);
        let all = store.knowledge(scope, &Default::default()).await.unwrap();
        let [read] = &all.items[..] else {
            panic!("one row and not {}", all.items.len());
        };
        assert_eq!(read.embedding, *vector);
        let query = SearchQuery {
            embedding: vector.clone(),
            ..Default::default()
        };
        let hits = store.search(scope, &query).await.unwrap();
        let near: Vec<Option<f32>> = hits.iter().map(|hit| hit.similarity).collect();
        assert_eq!(near, [Some(1.0)]);
        let labelled = one_ontology::KnowledgeQuery {
            labels: row.labels.clone(),
            ..Default::default()
        };
        assert_eq!(kit.texts(scope, &labelled).await, [*text]);
        let query = SearchQuery {
            text: Some((*text).to_owned()),
            ..Default::default()
        };
        assert_eq!(store.search(scope, &query).await.unwrap().len(), 1);
    }
    // A store may write no more than what differs from what it has found, and writes that when a row is archived.
    let third = vector([0.6, 0.8]);
    for (scope, vector) in [(&a, &rows[1].2), (&b, &third), (&b, &rows[1].2)] {
        let mut changed = kit.passage(scope, row.id).await;
        changed.embedding.clone_from(vector);
        kit.commit(kit.changes(scope).replace(changed)).await;
        assert_eq!(kit.passage(scope, row.id).await.embedding, *vector);
    }
    // What is taken away here stays there.
    let mut bare = kit.passage(&a, row.id).await;
    assert_eq!(bare.created_at, kit.passage(&b, row.id).await.created_at);
    let labels = std::mem::take(&mut bare.labels);
    bare.embedding = None;
    kit.commit(kit.changes(&a).replace(bare)).await;
    let labelled = one_ontology::KnowledgeQuery {
        labels,
        ..Default::default()
    };
    assert_eq!(kit.texts(&a, &labelled).await, [""; 0]);
    assert_eq!(kit.texts(&b, &labelled).await, ["there"]);
    vectors_elsewhere_crowd_nobody_out(kit, [&a, &b], third).await;
    for (scope, vector) in [(&a, None), (&b, rows[1].2.clone())] {
        let there = kit.passage(scope, row.id).await;
        let archive = kit.changes(scope);
        kit.commit(archive.archive(RowId::Knowledge(row.id), there.revision))
            .await;
        assert_eq!(kit.passage(scope, row.id).await.embedding, vector);
    }
}

/// A vector that is only in the second place does not stand for the row of the same id in the first, before one that is there: of more
/// such rows than a search compares exactly.
async fn vectors_elsewhere_crowd_nobody_out(
    kit: &Kit,
    [a, b]: [&Scope; 2],
    far: Option<Embedding>,
) {
    let nearest = Some(Embedding::new("m", vec![0.0, 1.0]).unwrap());
    let (mut here, mut there) = (kit.changes(a), kit.changes(b));
    for at in 0..=100 {
        let bare = kit.knowledge(a, &format!("bare {at}"), &[]);
        let mut full = bare.clone();
        full.place = b.place();
        full.embedding.clone_from(&nearest);
        (here, there) = (here.insert(bare), there.insert(full));
    }
    let mut only = kit.knowledge(a, "the only one", &[]);
    only.embedding = far;
    let found = HitId::Knowledge(only.id);
    kit.commit(there).await;
    kit.commit(here.insert(only)).await;
    let query = SearchQuery {
        embedding: nearest,
        limit: Limit::new(1),
        ..Default::default()
    };
    let hits = kit.store().search(a, &query).await.unwrap();
    assert_eq!(hits.iter().map(|hit| hit.id).collect::<Vec<_>>(), [found]);
}
