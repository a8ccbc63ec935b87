//! Rows are inserted, replaced and archived; each writing has a number.

use one_ontology::{
    GroupStatus, Membership, MembershipStatus, PersonId, Revision, Role, RowId, ThingQuery,
    ThingStatus, ThingType,
};

use crate::store::kit::Kit;

pub(crate) async fn an_inserted_row_has_the_first_revision(kit: &Kit) {
    let scope = kit.group().await;
    let mut thing = kit.thing(&scope, ThingType::Course, "New");
    thing.revision = Revision::new(41);
    assert_eq!(kit.kept(&scope, thing).await.revision, Revision::FIRST);
}

pub(crate) async fn replacing_raises_the_revision_and_stamps_the_time(kit: &Kit) {
    let scope = kit.group().await;
    let mut thing = kit.added(&scope, ThingType::Course, "Old").await;
    for round in 2..5 {
        thing.name = format!("Name {round}");
        let changes = kit.changes(&scope).replace(thing.clone());
        let now = changes.now();
        kit.commit(changes).await;
        let read = kit.read(&scope, thing.id).await;
        assert_eq!(read.revision, Revision::new(round));
        assert_eq!(read.updated_at, now);
        assert_eq!(read.created_at, thing.created_at);
        assert_eq!(read.name, thing.name);
        thing = read;
    }
}

pub(crate) async fn a_row_written_since_is_stale(kit: &Kit) {
    let scope = kit.group().await;
    let read = kit.added(&scope, ThingType::Course, "Read").await;
    let mut theirs = read.clone();
    theirs.name = "Theirs".to_owned();
    kit.commit(kit.changes(&scope).replace(theirs)).await;
    let mut mine = read;
    mine.name = "Mine".to_owned();
    assert_eq!(
        kit.refused(kit.changes(&scope).replace(mine.clone())).await,
        "Stale"
    );
    assert_eq!(kit.read(&scope, mine.id).await.name, "Theirs");
}

pub(crate) async fn archiving_what_was_written_since_is_stale(kit: &Kit) {
    let scope = kit.group().await;
    let read = kit.added(&scope, ThingType::Course, "Read").await;
    kit.commit(kit.changes(&scope).replace(read.clone())).await;
    let changes = kit
        .changes(&scope)
        .archive(RowId::Thing(read.id), read.revision);
    assert_eq!(kit.refused(changes).await, "Stale");
}

pub(crate) async fn what_is_not_there_is_not_replaced(kit: &Kit) {
    let scope = kit.group().await;
    let thing = kit.thing(&scope, ThingType::Course, "Missing");
    let row = RowId::Thing(thing.id);
    let revision = thing.revision;
    assert_eq!(
        kit.refused(kit.changes(&scope).replace(thing)).await,
        "NotFound"
    );
    assert_eq!(
        kit.refused(kit.changes(&scope).archive(row, revision))
            .await,
        "NotFound"
    );
}

pub(crate) async fn an_archived_thing_is_kept_and_not_listed(kit: &Kit) {
    let scope = kit.group().await;
    let thing = kit.added(&scope, ThingType::Course, "Old").await;
    kit.added(&scope, ThingType::Course, "New").await;
    let changes = kit
        .changes(&scope)
        .archive(RowId::Thing(thing.id), thing.revision);
    kit.commit(changes).await;
    let read = kit.read(&scope, thing.id).await;
    assert_eq!(read.status, ThingStatus::Archived);
    assert_eq!(read.revision, Revision::new(2));
    let all = ThingQuery::default();
    assert_eq!(kit.names(&scope, &all).await, ["New"]);
    let archived = all.in_status(ThingStatus::Archived);
    assert_eq!(kit.names(&scope, &archived).await, ["Old"]);
}

pub(crate) async fn a_type_is_never_changed(kit: &Kit) {
    let scope = kit.group().await;
    let mut thing = kit.added(&scope, ThingType::Course, "Course").await;
    thing.thing_type = ThingType::Lesson;
    let changes = kit.changes(&scope).replace(thing.clone());
    assert_eq!(kit.refused(changes).await, "InvalidRow");
    let courses = ThingQuery::of_type(ThingType::Course);
    assert_eq!(kit.names(&scope, &courses).await, ["Course"]);
}

pub(crate) async fn a_replaced_thing_is_found_by_what_it_is_now(kit: &Kit) {
    let scope = kit.group().await;
    let thing = kit.thing(&scope, ThingType::Course, "Before");
    let mut thing = thing;
    thing.properties = thing.properties.with("npm_package", "before");
    let mut thing = kit.kept(&scope, thing).await;
    thing.name = "After".to_owned();
    thing.properties = thing.properties.with("npm_package", "after");
    thing.status = ThingStatus::Draft;
    kit.commit(kit.changes(&scope).replace(thing)).await;
    let named = |name: &str| ThingQuery {
        name: Some(name.to_owned()),
        ..ThingQuery::default()
    };
    let package = |name: &str| ThingQuery::default().with("npm_package", name);
    for (query, found) in [
        (named("Before"), 0),
        (named("After"), 1),
        (package("before"), 0),
        (package("after"), 1),
        (ThingQuery::default().in_status(ThingStatus::Active), 0),
        (ThingQuery::default().in_status(ThingStatus::Draft), 1),
    ] {
        assert_eq!(kit.names(&scope, &query).await.len(), found, "{query:?}");
    }
}

pub(crate) async fn people_are_not_archived(kit: &Kit) {
    let scope = kit.group().await;
    let person = kit.person(&scope, "Ada");
    let id = person.id;
    kit.add(&scope, person).await;
    let changes = kit
        .changes(&scope)
        .archive(RowId::Person(id), Revision::FIRST);
    assert_eq!(kit.refused(changes).await, "InvalidRow");
}

pub(crate) async fn an_archived_membership_has_ended(kit: &Kit) {
    let scope = kit.group().await;
    let person = PersonId::new(&kit.ids, kit.now());
    kit.add(
        &scope,
        Membership::new(person, scope.place(), Role::GroupUser, kit.now()),
    )
    .await;
    let changes = kit
        .changes(&scope)
        .archive(RowId::Membership(person), Revision::FIRST);
    kit.commit(changes).await;
    let membership = kit.store().membership(person, scope.place()).await.unwrap();
    assert_eq!(membership.unwrap().status, MembershipStatus::Ended);
}

pub(crate) async fn a_group_is_replaced_and_archived(kit: &Kit) {
    let scope = kit.group().await;
    let id = scope.place().group().unwrap();
    let mut group = kit.store().group(id).await.unwrap().unwrap();
    group.name = "Renamed".to_owned();
    kit.commit(kit.changes(&scope).replace(group)).await;
    let group = kit.store().group(id).await.unwrap().unwrap();
    assert_eq!(
        (group.name.as_str(), group.revision),
        ("Renamed", Revision::new(2))
    );
    let changes = kit
        .changes(&scope)
        .archive(RowId::Group(id), group.revision);
    kit.commit(changes).await;
    let group = kit.store().group(id).await.unwrap().unwrap();
    assert_eq!(group.status, GroupStatus::Archived);
}

pub(crate) async fn a_row_made_here_can_be_replaced_here(kit: &Kit) {
    let scope = kit.group().await;
    let thing = kit.thing(&scope, ThingType::Course, "First");
    let mut second = thing.clone();
    second.name = "Second".to_owned();
    second.revision = Revision::FIRST;
    let id = thing.id;
    kit.commit(kit.changes(&scope).insert(thing).replace(second))
        .await;
    let read = kit.read(&scope, id).await;
    assert_eq!(
        (read.name.as_str(), read.revision),
        ("Second", Revision::new(2))
    );
}

pub(crate) async fn the_id_of_the_archived_is_not_free(kit: &Kit) {
    let scope = kit.group().await;
    let thing = kit.added(&scope, ThingType::Course, "Old").await;
    let row = kit.knowledge(&scope, "old", &[]);
    let row = kit.kept_knowledge(&scope, row).await;
    kit.commit(
        kit.changes(&scope)
            .archive(RowId::Thing(thing.id), thing.revision)
            .archive(RowId::Knowledge(row.id), row.revision),
    )
    .await;
    for changes in [
        kit.changes(&scope).insert(thing),
        kit.changes(&scope).insert(row),
    ] {
        assert_eq!(kit.refused(changes).await, "AlreadyExists");
    }
}

pub(crate) async fn the_archived_can_come_back(kit: &Kit) {
    let scope = kit.group().await;
    let thing = kit.added(&scope, ThingType::Course, "Back").await;
    let row = RowId::Thing(thing.id);
    kit.commit(kit.changes(&scope).archive(row, thing.revision))
        .await;
    let mut read = kit.read(&scope, thing.id).await;
    // It is looked at as any other row.
    kit.commit(kit.changes(&scope).insist(row, read.revision))
        .await;
    kit.commit(kit.changes(&scope).archive(row, read.revision))
        .await;
    read.revision = read.revision.next();
    read.status = ThingStatus::Active;
    kit.commit(kit.changes(&scope).replace(read)).await;
    assert_eq!(kit.names(&scope, &ThingQuery::default()).await, ["Back"]);
    assert_eq!(kit.read(&scope, thing.id).await.revision, Revision::new(4));
}

pub(crate) async fn one_row_may_be_written_several_times_at_once(kit: &Kit) {
    let scope = kit.group().await;
    let thing = kit.thing(&scope, ThingType::Course, "First");
    let id = thing.id;
    let mut second = thing.clone();
    second.name = "Second".to_owned();
    let mut third = second.clone();
    third.name = "Third".to_owned();
    third.revision = Revision::new(2);
    kit.commit(
        kit.changes(&scope)
            .insert(thing)
            .replace(second)
            .replace(third)
            .archive(RowId::Thing(id), Revision::new(3)),
    )
    .await;
    let read = kit.read(&scope, id).await;
    assert_eq!(
        (read.name.as_str(), read.status, read.revision),
        ("Third", ThingStatus::Archived, Revision::new(4))
    );
    assert_eq!(kit.events(&scope).await.len(), 2);
}

pub(crate) async fn a_row_replaced_by_itself_is_written(kit: &Kit) {
    let scope = kit.group().await;
    let person = kit.person(&scope, "Ada");
    let id = person.id;
    kit.add(&scope, person).await;
    for round in 2..5 {
        let read = kit.store().person(&scope, id).await.unwrap().unwrap();
        kit.commit(kit.changes(&scope).replace(read)).await;
        let read = kit.store().person(&scope, id).await.unwrap().unwrap();
        assert_eq!(read.revision, Revision::new(round));
    }
}
