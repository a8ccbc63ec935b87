//! Events: what happened, found by number, type and target.

use one_ontology::{ChangeSet, End, EventQuery, EventType, PersonId, Seq, ThingId, ThingType};

use crate::store::kit::Kit;

async fn numbers(kit: &Kit, scope: &one_ontology::Scope, query: &EventQuery) -> Vec<u64> {
    let page = kit.store().events(scope, query).await.unwrap();
    page.items.iter().map(|event| event.seq.get()).collect()
}

pub(crate) async fn numbers_start_at_one_and_have_no_gaps(kit: &Kit) {
    let scope = kit.global();
    for round in 0..10 {
        let mut changes = kit.changes(&scope);
        for _ in 0..round % 3 {
            changes = changes.event(kit.event(None));
        }
        kit.commit(changes).await;
        // What is refused takes no number.
        let missing = kit.thing(&scope, ThingType::Course, "Missing");
        kit.refused(kit.changes(&scope).replace(missing)).await;
    }
    let all = numbers(kit, &scope, &EventQuery::default()).await;
    assert_eq!(all, (1..=19).collect::<Vec<_>>());
}

pub(crate) async fn events_of_one_change_keep_their_order(kit: &Kit) {
    let scope = kit.global();
    let types = [
        EventType::UserLogin,
        EventType::CourseCreated,
        EventType::UserLogout,
        EventType::AgentCreated,
    ];
    let mut changes = ChangeSet::new(&scope, kit.event_of(types[0].clone(), None), kit.now());
    for event_type in &types[1..] {
        changes = changes.event(kit.event_of(event_type.clone(), None));
    }
    kit.commit(changes).await;
    let found: Vec<_> = kit
        .events(&scope)
        .await
        .into_iter()
        .map(|e| e.event_type)
        .collect();
    assert_eq!(found, types);
}

pub(crate) async fn an_event_comes_back_as_it_was(kit: &Kit) {
    let scope = kit.group().await;
    let target = End::from(ThingId::new(&kit.ids, kit.now()));
    let event = kit
        .event(Some(target))
        .with("number", 0.1 + 0.2)
        .with("text", "line\nline „x“ \u{1}")
        .with(
            "nested",
            serde_json::json!({"b": [1, 2.0, null], "a": -0.0}),
        );
    let now = kit.now();
    kit.commit(ChangeSet::new(&scope, event.clone(), now)).await;
    let read = kit.events(&scope).await.pop().unwrap();
    assert_eq!(read.id, event.id);
    assert_eq!(read.event_type, event.event_type);
    assert_eq!(read.target, Some(target));
    assert_eq!(read.metadata, event.metadata);
    assert_eq!(read.at, now);
    assert_eq!(&read.actor, scope.actor());
    assert_eq!(read.place, scope.place());
    assert_eq!(read.computed_digest(), read.digest);
}

pub(crate) async fn events_are_found_by_target(kit: &Kit) {
    let scope = kit.global();
    let thing = ThingId::new(&kit.ids, kit.now());
    let person = PersonId::from_uuid(*thing.as_uuid());
    for target in [
        None,
        Some(thing.into()),
        Some(person.into()),
        Some(thing.into()),
    ] {
        kit.commit(ChangeSet::new(&scope, kit.event(target), kit.now()))
            .await;
    }
    let found = numbers(kit, &scope, &EventQuery::about(thing)).await;
    assert_eq!(found, [2, 4]);
    let found = numbers(kit, &scope, &EventQuery::about(person)).await;
    assert_eq!(found, [3]);
}

pub(crate) async fn events_are_found_by_type(kit: &Kit) {
    let scope = kit.global();
    let other: EventType = "something_else".parse().unwrap();
    for event_type in [
        EventType::UserLogin,
        EventType::UserLogout,
        other.clone(),
        EventType::UserLogin,
    ] {
        let event = kit.event_of(event_type, None);
        kit.commit(ChangeSet::new(&scope, event, kit.now())).await;
    }
    let of = |types: &[EventType]| EventQuery {
        types: types.to_vec(),
        ..EventQuery::default()
    };
    for (query, expected) in [
        (of(&[EventType::UserLogin]), vec![1, 4]),
        (of(&[EventType::UserLogin, other]), vec![1, 3, 4]),
        (of(&[EventType::AgentCreated]), vec![]),
    ] {
        assert_eq!(numbers(kit, &scope, &query).await, expected, "{query:?}");
    }
}

pub(crate) async fn events_are_found_after_a_number(kit: &Kit) {
    let scope = kit.global();
    let thing = ThingId::new(&kit.ids, kit.now());
    for i in 0..6 {
        let target = (i % 2 == 0).then(|| thing.into());
        kit.commit(ChangeSet::new(&scope, kit.event(target), kit.now()))
            .await;
    }
    let mut query = EventQuery::default();
    for (after, expected) in [
        (0, vec![1, 2, 3, 4, 5, 6]),
        (4, vec![5, 6]),
        (6, vec![]),
        (u64::MAX, vec![]),
    ] {
        query.after = Seq::new(after);
        assert_eq!(numbers(kit, &scope, &query).await, expected);
    }
    let mut about = EventQuery::about(thing);
    about.after = Seq::new(2);
    assert_eq!(numbers(kit, &scope, &about).await, [3, 5]);
}

pub(crate) async fn each_says_who_acted(kit: &Kit) {
    use one_ontology::{Actor, Membership, Role, Scope};
    let scope = kit.group().await;
    let id = scope.place().group().unwrap();
    let group = kit.store().group(id).await.unwrap().unwrap();
    let person = PersonId::new(&kit.ids, kit.now());
    let standing = one_ontology::Standing {
        own: Some(Membership::new(
            person,
            scope.place(),
            Role::GroupOwner,
            kit.now(),
        )),
        ..Default::default()
    };
    let agent = ThingId::from_uuid(*person.as_uuid());
    let actors = [
        Actor::Person(person),
        Actor::Agent { agent, group: id },
        Actor::System("task".parse().unwrap()),
    ];
    for actor in &actors {
        let scope = Scope::decide(actor.clone(), &group, &standing).unwrap();
        kit.commit(kit.changes(&scope)).await;
    }
    let found: Vec<_> = kit
        .events(&scope)
        .await
        .into_iter()
        .skip(1)
        .map(|e| e.actor)
        .collect();
    assert_eq!(found, actors);
}
