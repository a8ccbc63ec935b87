//! A store is a directory over the groups and memberships it keeps.

use one_ontology::{
    Actor, Group, GroupId, Membership, MembershipStatus, PersonId, Place, Role, RowId, Scope,
};

use crate::store::kit::Kit;

pub(crate) async fn a_group_is_found_archived_or_not(kit: &Kit) {
    let scope = kit.group().await;
    let id = scope.place().group().unwrap();
    let group = kit.store().group(id).await.unwrap().unwrap();
    kit.commit(
        kit.changes(&scope)
            .archive(RowId::Group(id), group.revision),
    )
    .await;
    assert!(kit.store().group(id).await.unwrap().is_some());
    let missing = GroupId::new(&kit.ids, kit.now());
    assert_eq!(kit.store().group(missing).await.unwrap(), None);
}

pub(crate) async fn a_membership_is_found_ended_or_not(kit: &Kit) {
    let scope = kit.group().await;
    let person = PersonId::new(&kit.ids, kit.now());
    let membership = Membership::new(person, scope.place(), Role::Customer, kit.now());
    kit.add(&scope, membership).await;
    for status in [MembershipStatus::Active, MembershipStatus::Ended] {
        let found = kit.store().membership(person, scope.place()).await.unwrap();
        let found = found.unwrap();
        assert_eq!((found.status, found.role), (status, Role::Customer));
        if status == MembershipStatus::Active {
            let row = RowId::Membership(person);
            kit.commit(kit.changes(&scope).archive(row, found.revision))
                .await;
        }
    }
}

pub(crate) async fn staff_are_members_of_the_shared_registry(kit: &Kit) {
    let person = PersonId::new(&kit.ids, kit.now());
    let scope = kit.global();
    kit.add(
        &scope,
        Membership::new(person, Place::Global, Role::PlatformOwner, kit.now()),
    )
    .await;
    let found = kit.store().membership(person, Place::Global).await.unwrap();
    assert_eq!(found.unwrap().role, Role::PlatformOwner);
    let group = kit.group().await;
    assert_eq!(
        kit.store().membership(person, group.place()).await.unwrap(),
        None
    );
}

pub(crate) async fn descendants_come_nearer_ones_first(kit: &Kit) {
    let id = |scope: &Scope| scope.place().group().unwrap();
    let root = kit.group().await;
    let mut expected = Vec::new();
    let mut layer = vec![id(&root)];
    for _ in 0..3 {
        let mut next = Vec::new();
        // The last parent's children are made first: order is by id, not by making.
        for parent in layer.iter().rev() {
            for _ in 0..2 {
                next.push(id(&kit.group_below(Some(*parent)).await));
            }
        }
        next.sort();
        expected.extend(&next);
        layer = next;
    }
    kit.group().await;
    let found = kit.store().descendants(id(&root)).await.unwrap();
    assert_eq!(found, expected);
    let leaf = *expected.last().unwrap();
    assert!(kit.store().descendants(leaf).await.unwrap().is_empty());
}

pub(crate) async fn descendants_are_safe_on_cycles(kit: &Kit) {
    let now = kit.now();
    let ids: Vec<GroupId> = (0..3).map(|_| GroupId::new(&kit.ids, now)).collect();
    for (i, id) in ids.iter().enumerate() {
        let mut group = Group::new(*id, "In a circle", now);
        group.parent = Some(ids[(i + 1) % 3]);
        kit.add(&Kit::system(group.place()), group).await;
    }
    for i in 0..3 {
        let found = kit.store().descendants(ids[i]).await.unwrap();
        assert_eq!(found, [ids[(i + 2) % 3], ids[(i + 1) % 3]]);
    }
}

pub(crate) async fn descendants_follow_a_moved_group(kit: &Kit) {
    let (a, b) = (kit.group().await, kit.group().await);
    let (a, b) = (a.place().group().unwrap(), b.place().group().unwrap());
    let child = kit.group_below(Some(a)).await;
    let id = child.place().group().unwrap();
    let mut group = kit.store().group(id).await.unwrap().unwrap();
    for (parent, below_a, below_b) in [(Some(b), 0, 1), (None, 0, 0), (Some(a), 1, 0)] {
        group.parent = parent;
        kit.commit(kit.changes(&child).replace(group)).await;
        assert_eq!(kit.store().descendants(a).await.unwrap().len(), below_a);
        assert_eq!(kit.store().descendants(b).await.unwrap().len(), below_b);
        group = kit.store().group(id).await.unwrap().unwrap();
    }
}

pub(crate) async fn scopes_are_entered_through_it(kit: &Kit) {
    let scope = kit.group().await;
    let person = PersonId::new(&kit.ids, kit.now());
    let shared = kit.shared();
    let enter = async |place| Scope::enter(&*shared, Actor::Person(person), place).await;
    assert_eq!(enter(scope.place()).await.unwrap_err().tag(), "NoAccess");
    kit.add(
        &scope,
        Membership::new(person, scope.place(), Role::GroupUser, kit.now()),
    )
    .await;
    let entered = enter(scope.place()).await.unwrap();
    assert_eq!(
        (entered.role(), entered.place()),
        (Role::GroupUser, scope.place())
    );
    let child = kit.group_below(scope.place().group()).await;
    assert_eq!(
        enter(child.place()).await.unwrap().access(),
        one_ontology::Access::Read
    );
}

pub(crate) async fn archived_groups_are_descendants_too(kit: &Kit) {
    let id = |scope: &Scope| scope.place().group().unwrap();
    let root = kit.group().await;
    let middle = kit.group_below(Some(id(&root))).await;
    let leaf = kit.group_below(Some(id(&middle))).await;
    let group = kit.store().group(id(&middle)).await.unwrap().unwrap();
    let archive = kit
        .changes(&middle)
        .archive(RowId::Group(group.id), group.revision);
    kit.commit(archive).await;
    let found = kit.store().descendants(id(&root)).await.unwrap();
    assert_eq!(found, [id(&middle), id(&leaf)]);
}

pub(crate) async fn a_parent_need_not_be_there(kit: &Kit) {
    let missing = GroupId::new(&kit.ids, kit.now());
    let orphan = kit.group_below(Some(missing)).await;
    let id = orphan.place().group().unwrap();
    let group = kit.store().group(id).await.unwrap().unwrap();
    assert_eq!(group.parent, Some(missing));
    assert_eq!(kit.store().group(missing).await.unwrap(), None);
    assert_eq!(kit.store().descendants(missing).await.unwrap(), [id]);
    let nobody = GroupId::new(&kit.ids, kit.now());
    assert!(kit.store().descendants(nobody).await.unwrap().is_empty());
}

pub(crate) async fn a_long_line_of_descendants_comes_whole(kit: &Kit) {
    let root = kit.group().await.place().group();
    let (mut parent, mut expected) = (root, Vec::new());
    for _ in 0..70 {
        parent = kit.group_below(parent).await.place().group();
        expected.extend(parent);
    }
    let found = kit.store().descendants(root.unwrap()).await.unwrap();
    assert_eq!(found, expected);
}

pub(crate) async fn memberships_in_two_places_are_two(kit: &Kit) {
    let (a, b) = (kit.group().await, kit.group().await);
    let person = PersonId::new(&kit.ids, kit.now());
    for (scope, role) in [(&a, Role::GroupOwner), (&b, Role::Customer)] {
        let membership = Membership::new(person, scope.place(), role, kit.now());
        kit.add(scope, membership).await;
    }
    kit.commit(
        kit.changes(&b)
            .archive(RowId::Membership(person), one_ontology::Revision::FIRST),
    )
    .await;
    for (scope, role, status) in [
        (&a, Role::GroupOwner, MembershipStatus::Active),
        (&b, Role::Customer, MembershipStatus::Ended),
    ] {
        let found = kit.store().membership(person, scope.place()).await.unwrap();
        let found = found.unwrap();
        assert_eq!((found.role, found.status), (role, status));
    }
}

pub(crate) async fn a_membership_changes_and_comes_back(kit: &Kit) {
    let scope = kit.group().await;
    let person = PersonId::new(&kit.ids, kit.now());
    let membership = Membership::new(person, scope.place(), Role::Customer, kit.now());
    kit.add(&scope, membership).await;
    for (role, status) in [
        (Role::GroupUser, MembershipStatus::Active),
        (Role::GroupUser, MembershipStatus::Ended),
        (Role::GroupOwner, MembershipStatus::Active),
    ] {
        let read = kit.store().membership(person, scope.place()).await.unwrap();
        let mut read = read.unwrap();
        (read.role, read.status) = (role, status);
        kit.commit(kit.changes(&scope).replace(read)).await;
        let read = kit.store().membership(person, scope.place()).await.unwrap();
        let read = read.unwrap();
        assert_eq!((read.role, read.status), (role, status));
        let shared = kit.shared();
        let entered = Scope::enter(&*shared, Actor::Person(person), scope.place()).await;
        assert_eq!(entered.is_ok(), status == MembershipStatus::Active);
    }
}
