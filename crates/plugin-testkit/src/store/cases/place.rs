//! Places: made first, archived, read only.

use one_ontology::{Actor, Group, GroupId, PersonId, Place, RowId, Scope, ThingType};

use crate::store::kit::Kit;

/// What a person with a membership in the group may do.
async fn as_member(kit: &Kit, scope: &Scope) -> Scope {
    use one_ontology::{Membership, Role};
    let person = PersonId::new(&kit.ids, kit.now());
    let membership = Membership::new(person, scope.place(), Role::GroupOwner, kit.now());
    kit.add(scope, membership).await;
    let shared = kit.shared();
    // A store is a directory too.
    let group = shared.group(scope.place().group().unwrap()).await.unwrap();
    let standing = one_ontology::Standing {
        own: shared.membership(person, scope.place()).await.unwrap(),
        ..Default::default()
    };
    Scope::decide(Actor::Person(person), &group.unwrap(), &standing).unwrap()
}

pub(crate) async fn a_group_that_is_not_there_cannot_be_written(kit: &Kit) {
    let place = Place::Group(GroupId::new(&kit.ids, kit.now()));
    let scope = Kit::system(place);
    assert_eq!(kit.refused(kit.changes(&scope)).await, "PlaceNotFound");
    assert_eq!(kit.store().head(&scope).await.unwrap(), None);
}

pub(crate) async fn a_group_is_made_in_its_own_place(kit: &Kit) {
    let now = kit.now();
    let group = Group::new(GroupId::new(&kit.ids, now), "Group", now);
    let elsewhere = kit.group().await;
    assert_eq!(
        kit.refused(kit.changes(&elsewhere).insert(group.clone()))
            .await,
        "InvalidRow"
    );
    let scope = Kit::system(group.place());
    let thing = kit.thing(&scope, ThingType::Course, "In the same change");
    kit.commit(kit.changes(&scope).insert(group).insert(thing))
        .await;
    assert_eq!(kit.events(&scope).await.len(), 1);
}

pub(crate) async fn the_shared_registry_needs_no_making(kit: &Kit) {
    let scope = kit.global();
    let thing = kit.added(&scope, ThingType::Course, "Shared").await;
    assert_eq!(thing.place, Place::Global);
}

pub(crate) async fn in_an_archived_group_nobody_writes_but_the_platform(kit: &Kit) {
    let scope = kit.group().await;
    let member = as_member(kit, &scope).await;
    kit.commit(kit.changes(&member)).await;
    let id = scope.place().group().unwrap();
    let group = kit.store().group(id).await.unwrap().unwrap();
    let archive = kit
        .changes(&scope)
        .archive(RowId::Group(id), group.revision);
    kit.commit(archive).await;
    assert_eq!(kit.refused(kit.changes(&member)).await, "PlaceArchived");
    let mut group = kit.store().group(id).await.unwrap().unwrap();
    group.status = one_ontology::GroupStatus::Active;
    kit.commit(kit.changes(&scope).replace(group)).await;
    kit.commit(kit.changes(&member)).await;
}

pub(crate) async fn a_scope_that_may_only_read_does_not_write(kit: &Kit) {
    let scope = kit.group().await;
    let reader = as_member(kit, &scope).await.global();
    let thing = kit.thing(&reader, ThingType::Course, "Mine");
    let changes = kit.changes(&reader).insert(thing);
    assert_eq!(kit.refused(changes).await, "ReadOnlyScope");
    assert_eq!(kit.store().head(&reader).await.unwrap(), None);
}

pub(crate) async fn a_row_of_another_place_is_refused(kit: &Kit) {
    let (a, b) = (kit.group().await, kit.group().await);
    let before = kit.snapshot(&b).await;
    let thing = kit.thing(&b, ThingType::Course, "Theirs");
    assert_eq!(
        kit.refused(kit.changes(&a).insert(thing)).await,
        "InvalidRow"
    );
    assert_eq!(kit.snapshot(&b).await, before);
}
