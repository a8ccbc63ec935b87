//! Connections: made between what is there, ended, found from either end.

use one_ontology::{
    ConnectionQuery, ConnectionType, Ended, PersonId, Strength, ThingId, ThingType,
};

use crate::store::kit::{Kit, limit};

async fn found(kit: &Kit, scope: &one_ontology::Scope, query: &ConnectionQuery) -> usize {
    let page = kit.store().connections(scope, query).await.unwrap();
    page.items.len()
}

pub(crate) async fn a_connection_comes_back_as_it_was(kit: &Kit) {
    let scope = kit.group().await;
    let course = kit.added(&scope, ThingType::Course, "Course").await;
    let person = PersonId::new(&kit.ids, kit.now());
    let mut connection = kit.connection(&scope, person, ConnectionType::EnrolledIn, course.id);
    connection.strength = Some(Strength::try_from(0.1).unwrap());
    connection.metadata = connection.metadata.with("seat", 0.3);
    connection.valid_from = None;
    kit.commit(kit.changes(&scope).connect(connection.clone()))
        .await;
    let page = kit
        .store()
        .connections(&scope, &ConnectionQuery::default())
        .await;
    assert_eq!(page.unwrap().items, [connection]);
}

pub(crate) async fn both_ends_must_be_there(kit: &Kit) {
    let scope = kit.group().await;
    let there = kit.added(&scope, ThingType::Course, "There").await.id;
    let missing = ThingId::new(&kit.ids, kit.now());
    for (from, to) in [(there, missing), (missing, there)] {
        let connection = kit.connection(&scope, from, ConnectionType::References, to);
        let changes = kit.changes(&scope).connect(connection);
        assert_eq!(kit.refused(changes).await, "NotFound");
    }
}

pub(crate) async fn an_end_may_be_made_in_the_same_change(kit: &Kit) {
    let scope = kit.group().await;
    let (a, b) = (
        kit.thing(&scope, ThingType::Course, "A"),
        kit.thing(&scope, ThingType::Course, "B"),
    );
    let connection = kit.connection(&scope, a.id, ConnectionType::References, b.id);
    let changes = kit.changes(&scope).connect(connection).insert(a).insert(b);
    kit.commit(changes).await;
    assert_eq!(found(kit, &scope, &ConnectionQuery::default()).await, 1);
}

pub(crate) async fn an_end_may_be_in_the_shared_registry(kit: &Kit) {
    let scope = kit.group().await;
    let shared = kit
        .added(&kit.global(), ThingType::Course, "Shared")
        .await
        .id;
    let own = kit.added(&scope, ThingType::Course, "Own").await.id;
    kit.connected(&scope, own, ConnectionType::References, shared)
        .await;
    let query = ConnectionQuery::to(shared, ConnectionType::References);
    assert_eq!(found(kit, &scope, &query).await, 1);
    assert_eq!(found(kit, &kit.global(), &query).await, 0);
}

pub(crate) async fn an_end_in_another_group_is_not_found(kit: &Kit) {
    let (scope, other) = (kit.group().await, kit.group().await);
    let own = kit.added(&scope, ThingType::Course, "Own").await.id;
    let theirs = kit.added(&other, ThingType::Course, "Theirs").await.id;
    for scope in [&scope, &kit.global()] {
        let connection = kit.connection(scope, own, ConnectionType::References, theirs);
        let changes = kit.changes(scope).connect(connection);
        assert_eq!(kit.refused(changes).await, "NotFound");
    }
}

/// The same id in the shared registry does not hide the group's own thing.
pub(crate) async fn an_end_here_counts_before_one_in_the_shared_registry(kit: &Kit) {
    let scope = kit.group().await;
    let own = kit.added(&scope, ThingType::Course, "Own").await;
    let mut shared = own.clone();
    shared.place = kit.global().place();
    shared.thing_type = ThingType::Token;
    kit.add(&kit.global(), shared).await;
    let person = PersonId::new(&kit.ids, kit.now());
    kit.connected(&scope, person, ConnectionType::EnrolledIn, own.id)
        .await;
    let holds = kit.connection(&scope, person, ConnectionType::HoldsTokens, own.id);
    assert_eq!(
        kit.refused(kit.changes(&scope).connect(holds)).await,
        "InvalidRow"
    );
}

pub(crate) async fn kinds_that_may_not_be_joined_are_refused(kit: &Kit) {
    let scope = kit.group().await;
    let course = kit.added(&scope, ThingType::Course, "Course").await.id;
    let lesson = kit.added(&scope, ThingType::Lesson, "Lesson").await.id;
    let connection = kit.connection(&scope, course, ConnectionType::EnrolledIn, lesson);
    let changes = kit.changes(&scope).connect(connection);
    assert_eq!(kit.refused(changes).await, "InvalidRow");
}

pub(crate) async fn a_connection_is_made_once(kit: &Kit) {
    let scope = kit.group().await;
    let a = kit.added(&scope, ThingType::Course, "A").await.id;
    let b = kit.added(&scope, ThingType::Course, "B").await.id;
    let connection = kit
        .connected(&scope, a, ConnectionType::References, b)
        .await;
    let changes = kit.changes(&scope).connect(connection);
    assert_eq!(kit.refused(changes).await, "AlreadyExists");
}

pub(crate) async fn what_has_ended_is_listed_only_if_asked_for(kit: &Kit) {
    let scope = kit.group().await;
    let a = kit.added(&scope, ThingType::Course, "A").await.id;
    let b = kit.added(&scope, ThingType::Course, "B").await.id;
    let connection = kit
        .connected(&scope, a, ConnectionType::References, b)
        .await;
    let changes = kit.changes(&scope).disconnect(connection.id);
    let now = changes.now();
    kit.commit(changes).await;
    for mut query in [
        ConnectionQuery::default(),
        ConnectionQuery::from(a, ConnectionType::References),
        ConnectionQuery::to(b, ConnectionType::References),
    ] {
        assert_eq!(found(kit, &scope, &query).await, 0);
        query.ended = Ended::Listed;
        let page = kit.store().connections(&scope, &query).await.unwrap();
        assert_eq!(page.items.len(), 1);
        assert_eq!(page.items[0].valid_to, Some(now));
        assert_eq!(page.items[0].revision.get(), 2);
    }
}

pub(crate) async fn ending_twice_ends_once(kit: &Kit) {
    let scope = kit.group().await;
    let a = kit.added(&scope, ThingType::Course, "A").await.id;
    let b = kit.added(&scope, ThingType::Course, "B").await.id;
    let id = kit
        .connected(&scope, a, ConnectionType::References, b)
        .await
        .id;
    let ended = ConnectionQuery {
        ended: Ended::Listed,
        ..ConnectionQuery::default()
    };
    kit.commit(kit.changes(&scope).disconnect(id)).await;
    let first = kit.store().connections(&scope, &ended).await.unwrap();
    kit.commit(kit.changes(&scope).disconnect(id)).await;
    assert_eq!(
        kit.store().connections(&scope, &ended).await.unwrap(),
        first
    );
}

pub(crate) async fn each_filter_filters(kit: &Kit) {
    let scope = kit.group().await;
    let mut ids = Vec::new();
    for name in ["A", "B", "C"] {
        ids.push(kit.added(&scope, ThingType::Course, name).await.id);
    }
    let kinds = [ConnectionType::References, ConnectionType::PartOf];
    for (i, from) in ids.iter().enumerate() {
        for to in ids.iter().skip(i + 1) {
            for kind in &kinds {
                kit.connected(&scope, *from, kind.clone(), *to).await;
            }
        }
    }
    let (a, b, c) = (ids[0], ids[1], ids[2]);
    let only =
        |types: &[ConnectionType], from: Option<ThingId>, to: Option<ThingId>| ConnectionQuery {
            types: types.to_vec(),
            from: from.map(Into::into),
            to: to.map(Into::into),
            ..ConnectionQuery::default()
        };
    for (query, expected) in [
        (only(&[], None, None), 6),
        (only(&kinds, None, None), 6),
        (only(&kinds[..1], None, None), 3),
        (only(&[], Some(a), None), 4),
        (only(&[], None, Some(c)), 4),
        (only(&[], Some(b), Some(c)), 2),
        (only(&kinds[1..], Some(b), Some(c)), 1),
        (only(&kinds[..1], Some(c), None), 0),
        (only(&[ConnectionType::Owns], None, None), 0),
    ] {
        assert_eq!(found(kit, &scope, &query).await, expected, "{query:?}");
    }
}

pub(crate) async fn a_person_and_a_thing_of_one_id_are_two_ends(kit: &Kit) {
    let scope = kit.group().await;
    let course = kit.added(&scope, ThingType::Course, "Course").await;
    let thing = kit.added(&scope, ThingType::Creator, "Creator").await;
    let person = PersonId::from_uuid(*thing.id.as_uuid());
    kit.connected(&scope, person, ConnectionType::EnrolledIn, course.id)
        .await;
    let from_thing = ConnectionQuery::from(thing.id, ConnectionType::EnrolledIn);
    let from_person = ConnectionQuery::from(person, ConnectionType::EnrolledIn);
    assert_eq!(found(kit, &scope, &from_thing).await, 0);
    assert_eq!(found(kit, &scope, &from_person).await, 1);
}

pub(crate) async fn connections_come_in_order_of_id(kit: &Kit) {
    let scope = kit.group().await;
    let a = kit.added(&scope, ThingType::Course, "A").await.id;
    let b = kit.added(&scope, ThingType::Course, "B").await.id;
    let kinds = [ConnectionType::References, ConnectionType::PartOf];
    let mut made = Vec::new();
    for i in 0..12_u128 {
        // Ids whose order is not that of their making.
        let id = uuid::Uuid::from_u128((i * 7 % 12) << 120 | i);
        let mut connection = kit.connection(&scope, a, kinds[i as usize % 2].clone(), b);
        connection.id = one_ontology::ConnectionId::from_uuid(id);
        made.push(connection.id);
        kit.commit(kit.changes(&scope).connect(connection)).await;
    }
    made.sort();
    let mut query = ConnectionQuery {
        limit: limit(100),
        ..ConnectionQuery::default()
    };
    for types in [Vec::new(), kinds.to_vec()] {
        for from in [None, Some(a.into())] {
            query.types.clone_from(&types);
            query.from = from;
            let page = kit.store().connections(&scope, &query).await.unwrap();
            let ids: Vec<_> = page.items.iter().map(|c| c.id).collect();
            assert_eq!(ids, made, "{query:?}");
        }
    }
}

pub(crate) async fn the_archived_may_be_held_on_to(kit: &Kit) {
    let scope = kit.group().await;
    let from = kit.added(&scope, ThingType::Course, "From").await.id;
    for place in [&scope, &kit.global()] {
        let old = kit.added(place, ThingType::Course, "Old").await;
        let row = one_ontology::RowId::Thing(old.id);
        kit.commit(kit.changes(place).archive(row, old.revision))
            .await;
        kit.connected(&scope, from, ConnectionType::References, old.id)
            .await;
    }
    assert_eq!(found(kit, &scope, &ConnectionQuery::default()).await, 2);
}

pub(crate) async fn one_may_be_made_and_ended_at_once(kit: &Kit) {
    let scope = kit.group().await;
    let (a, b) = (
        kit.added(&scope, ThingType::Course, "A").await.id,
        kit.added(&scope, ThingType::Course, "B").await.id,
    );
    let connection = kit.connection(&scope, a, ConnectionType::References, b);
    let id = connection.id;
    let changes = kit.changes(&scope).connect(connection.clone());
    kit.commit(changes.disconnect(id)).await;
    let listed = ConnectionQuery {
        ended: Ended::Listed,
        ..ConnectionQuery::default()
    };
    assert_eq!(found(kit, &scope, &ConnectionQuery::default()).await, 0);
    assert_eq!(found(kit, &scope, &listed).await, 1);
    // Its id is not free again.
    let again = kit.changes(&scope).connect(connection);
    assert_eq!(kit.refused(again).await, "AlreadyExists");
}

pub(crate) async fn one_id_in_two_places_is_two_connections(kit: &Kit) {
    let (here, there) = (kit.group().await, kit.group().await);
    let mut made = Vec::new();
    for scope in [&here, &there] {
        let a = kit.added(scope, ThingType::Course, "A").await.id;
        let b = kit.added(scope, ThingType::Course, "B").await.id;
        let mut connection = kit.connection(scope, a, ConnectionType::References, b);
        connection.id = made
            .first()
            .map_or(connection.id, |first: &one_ontology::Connection| first.id);
        kit.commit(kit.changes(scope).connect(connection.clone()))
            .await;
        made.push(connection);
    }
    kit.commit(kit.changes(&there).disconnect(made[1].id)).await;
    let page = kit
        .store()
        .connections(&here, &ConnectionQuery::default())
        .await;
    assert_eq!(page.unwrap().items, made[..1]);
    assert_eq!(found(kit, &there, &ConnectionQuery::default()).await, 0);
}
