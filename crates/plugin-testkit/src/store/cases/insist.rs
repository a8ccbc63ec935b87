//! What a change set insists on.

use one_ontology::{Revision, RowId, ThingId, ThingQuery, ThingType};

use crate::store::kit::{Kit, limit};

pub(crate) async fn a_row_as_it_was_read_lets_it_pass(kit: &Kit) {
    let scope = kit.group().await;
    let thing = kit.added(&scope, ThingType::Course, "Read").await;
    let changes = kit
        .changes(&scope)
        .insist(RowId::Thing(thing.id), thing.revision);
    kit.commit(changes).await;
}

pub(crate) async fn a_row_written_since_stops_it(kit: &Kit) {
    let scope = kit.group().await;
    let thing = kit.added(&scope, ThingType::Course, "Read").await;
    kit.commit(kit.changes(&scope).replace(thing.clone())).await;
    let before = kit.snapshot(&scope).await;
    let changes = kit
        .changes(&scope)
        .insert(kit.thing(&scope, ThingType::Course, "New"))
        .insist(RowId::Thing(thing.id), thing.revision);
    assert_eq!(kit.refused(changes).await, "Stale");
    assert_eq!(kit.snapshot(&scope).await, before);
}

pub(crate) async fn a_row_that_is_not_there_stops_it(kit: &Kit) {
    let scope = kit.group().await;
    let missing = RowId::Thing(ThingId::new(&kit.ids, kit.now()));
    let changes = kit.changes(&scope).insist(missing, Revision::FIRST);
    assert_eq!(kit.refused(changes).await, "NotFound");
}

pub(crate) async fn absence_lets_it_pass(kit: &Kit) {
    let scope = kit.group().await;
    kit.added(&scope, ThingType::Course, "Other").await;
    kit.added(&scope, ThingType::Lesson, "Wanted").await;
    let mut query = ThingQuery::of_type(ThingType::Course);
    query.name = Some("Wanted".to_owned());
    kit.commit(kit.changes(&scope).insist_absent(query)).await;
}

pub(crate) async fn presence_stops_what_insists_on_absence(kit: &Kit) {
    let scope = kit.group().await;
    kit.added(&scope, ThingType::Course, "Wanted").await;
    let before = kit.snapshot(&scope).await;
    let mut query = ThingQuery::of_type(ThingType::Course);
    query.name = Some("Wanted".to_owned());
    let changes = kit
        .changes(&scope)
        .insert(kit.thing(&scope, ThingType::Course, "Wanted"))
        .insist_absent(query);
    assert_eq!(kit.refused(changes).await, "AlreadyExists");
    assert_eq!(kit.snapshot(&scope).await, before);
}

pub(crate) async fn each_absence_is_looked_for(kit: &Kit) {
    let scope = kit.group().await;
    kit.added(&scope, ThingType::Course, "Wanted").await;
    let named = |name: &str| ThingQuery {
        name: Some(name.to_owned()),
        ..ThingQuery::default()
    };
    let changes = kit
        .changes(&scope)
        .insist_absent(named("Nobody"))
        .insist_absent(named("Wanted"));
    assert_eq!(kit.refused(changes).await, "AlreadyExists");
}

pub(crate) async fn absence_is_looked_for_before_anything_is_written(kit: &Kit) {
    let scope = kit.group().await;
    let query = ThingQuery::default().with("npm_package", "one");
    let mut thing = kit.thing(&scope, ThingType::Course, "One");
    thing.properties = thing.properties.with("npm_package", "one");
    let mut again = kit.thing(&scope, ThingType::Course, "Again");
    again.properties = again.properties.with("npm_package", "one");
    let insisting = |thing| {
        kit.changes(&scope)
            .insert(thing)
            .insist_absent(query.clone())
    };
    kit.commit(insisting(thing)).await;
    assert_eq!(kit.refused(insisting(again)).await, "AlreadyExists");
}

pub(crate) async fn the_archived_is_absent(kit: &Kit) {
    let scope = kit.group().await;
    let thing = kit.added(&scope, ThingType::Course, "Old").await;
    let query = ThingQuery::of_type(ThingType::Course);
    let archive = kit
        .changes(&scope)
        .archive(RowId::Thing(thing.id), thing.revision);
    kit.commit(archive).await;
    kit.commit(kit.changes(&scope).insist_absent(query)).await;
}

pub(crate) async fn what_is_elsewhere_is_absent(kit: &Kit) {
    let (here, there) = (kit.group().await, kit.group().await);
    kit.added(&there, ThingType::Course, "Wanted").await;
    kit.added(&kit.global(), ThingType::Course, "Wanted").await;
    let query = ThingQuery::of_type(ThingType::Course);
    kit.commit(kit.changes(&here).insist_absent(query)).await;
}

pub(crate) async fn absence_does_not_depend_on_limit(kit: &Kit) {
    let scope = kit.group().await;
    for i in 0..20 {
        let mut thing = kit.thing(&scope, ThingType::Course, &format!("Course {i:02}"));
        thing.properties = thing.properties.with("number", i);
        kit.add(&scope, thing).await;
    }
    let mut query = ThingQuery::of_type(ThingType::Course).with("number", 19);
    query.limit = limit(1);
    let changes = kit.changes(&scope).insist_absent(query);
    assert_eq!(kit.refused(changes).await, "AlreadyExists");
}
