//! Who may be what where.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use futures::executor::block_on;
use one_ontology::{
    Access, Actor, Directory, Group, GroupId, GroupStatus, Membership, MembershipStatus,
    MemoryStore, PersonId, Place, Role, Scope, ScopeError, Standing, Store as _, StoreError,
    ThingId, strategies,
};
use proptest::prelude::*;

use crate::support::{change, commit, found, group, in_group, noon, system};

fn me() -> PersonId {
    PersonId::of_name(&["test", "me"])
}

fn membership(place: Place, role: Role, status: MembershipStatus) -> Membership {
    Membership {
        status,
        ..Membership::new(me(), place, role, noon())
    }
}

/// In words, what a decision says.
fn words(decision: Result<Scope, ScopeError>) -> String {
    match decision {
        Ok(scope) => format!("{} {}", scope.role(), scope.access()),
        Err(error) => error.tag().to_owned(),
    }
}

#[test]
fn every_standing_has_its_row() {
    use MembershipStatus::{Active, Ended};
    let home = group("home");
    let own = |role, status| Some(membership(Place::Group(home), role, status));
    let above = |role, status| Some(membership(Place::Group(group("above")), role, status));
    let staff = |status| Some(membership(Place::Global, Role::PlatformOwner, status));
    let owns = [
        ("none", None),
        ("owner", own(Role::GroupOwner, Active)),
        ("user", own(Role::GroupUser, Active)),
        ("customer", own(Role::Customer, Active)),
        ("owner, ended", own(Role::GroupOwner, Ended)),
        ("false platform owner", own(Role::PlatformOwner, Active)),
    ];
    let platforms = [
        ("none", None),
        ("staff", staff(Active)),
        ("staff, ended", staff(Ended)),
    ];
    let ancestors = [
        ("none", None),
        ("owner", above(Role::GroupOwner, Active)),
        ("user", above(Role::GroupUser, Active)),
        ("customer", above(Role::Customer, Active)),
        ("owner, ended", above(Role::GroupOwner, Ended)),
    ];
    let mut table = String::new();
    for (own_words, own) in &owns {
        for (platform_words, platform) in &platforms {
            for (ancestor_words, ancestor) in &ancestors {
                let standing = Standing {
                    own: own.clone(),
                    platform: platform.clone(),
                    ancestor: ancestor.clone(),
                };
                let mut group = Group::new(home, "Home", noon());
                let active = words(Scope::decide(Actor::Person(me()), &group, &standing));
                group.status = GroupStatus::Archived;
                let archived = words(Scope::decide(Actor::Person(me()), &group, &standing));
                writeln!(
                    table,
                    "own {own_words:<21} platform {platform_words:<13} ancestor {ancestor_words:<13} -> {active:<21} archived: {archived}"
                )
                .unwrap();
            }
        }
    }
    insta::assert_snapshot!("standings", table);
}

#[test]
fn memberships_of_others_and_of_other_places_do_not_count() {
    let home = Group::new(group("home"), "Home", noon());
    let check = |standing: Standing| {
        assert_eq!(
            words(Scope::decide(Actor::Person(me()), &home, &standing)),
            "NoAccess"
        );
    };
    let active = MembershipStatus::Active;
    let elsewhere = membership(Place::Group(group("elsewhere")), Role::GroupOwner, active);
    let somebody = Membership {
        person: PersonId::of_name(&["test", "somebody"]),
        ..membership(home.place(), Role::GroupOwner, active)
    };
    let no_staff = membership(Place::Global, Role::Customer, active);
    check(Standing {
        own: Some(elsewhere.clone()),
        ..Standing::default()
    });
    check(Standing {
        own: Some(somebody),
        ..Standing::default()
    });
    check(Standing {
        platform: Some(elsewhere),
        ..Standing::default()
    });
    check(Standing {
        platform: Some(no_staff),
        ..Standing::default()
    });
}

#[test]
fn agents_act_at_home_only_and_tasks_everywhere() {
    let home = Group::new(group("home"), "Home", noon());
    let agent = |group| Actor::Agent {
        agent: ThingId::of_name(&["test"]),
        group,
    };
    let everything = Standing {
        own: Some(membership(
            home.place(),
            Role::GroupOwner,
            MembershipStatus::Active,
        )),
        platform: Some(membership(
            Place::Global,
            Role::PlatformOwner,
            MembershipStatus::Active,
        )),
        ancestor: None,
    };
    let decide = |actor| words(Scope::decide(actor, &home, &everything));
    assert_eq!(decide(agent(home.id)), "group_user write");
    assert_eq!(decide(agent(group("elsewhere"))), "NoAccess");
    assert_eq!(
        decide(Actor::System("test".parse().unwrap())),
        "platform_owner write"
    );
}

#[test]
fn the_shared_registry_is_read_by_all_and_written_by_the_platform() {
    let store = MemoryStore::new();
    let enter = |actor| words(block_on(Scope::enter(&store, actor, Place::Global)));
    let agent = Actor::Agent {
        agent: ThingId::of_name(&["test"]),
        group: group("home"),
    };
    assert_eq!(enter(Actor::Person(me())), "customer read");
    assert_eq!(enter(agent), "customer read");
    assert_eq!(
        enter(Actor::System("test".parse().unwrap())),
        "platform_owner write"
    );
    let staff = Membership::new(me(), Place::Global, Role::PlatformOwner, noon());
    commit(&store, change(&system(Place::Global)).insert(staff)).unwrap();
    assert_eq!(enter(Actor::Person(me())), "platform_owner write");
    let in_home = Scope::decide(
        Actor::Person(me()),
        &Group::new(group("home"), "Home", noon()),
        &Standing {
            own: Some(membership(
                Place::Group(group("home")),
                Role::GroupOwner,
                MembershipStatus::Active,
            )),
            ..Standing::default()
        },
    );
    assert_eq!(in_home.unwrap().global().access(), Access::Read);
    assert_eq!(in_group("home").global().access(), Access::Write);
}

/// A store with groups, each below the next, and a membership in one of them.
fn nested(names: &[&str], member_of: &str, role: Role) -> MemoryStore {
    let store = MemoryStore::new();
    for (i, name) in names.iter().enumerate() {
        let mut made = Group::new(group(name), *name, noon());
        made.parent = names.get(i + 1).map(|parent| group(parent));
        commit(&store, change(&in_group(name)).insert(made)).unwrap();
    }
    let place = Place::Group(group(member_of));
    let membership = Membership::new(me(), place, role, noon());
    commit(&store, change(&system(place)).insert(membership)).unwrap();
    store
}

fn enter(directory: &dyn Directory, name: &str) -> String {
    let place = Place::Group(group(name));
    words(block_on(Scope::enter(
        directory,
        Actor::Person(me()),
        place,
    )))
}

#[test]
fn owners_and_users_read_below_and_never_above() {
    for role in [Role::GroupOwner, Role::GroupUser] {
        let store = nested(&["team", "unit", "company"], "unit", role);
        assert_eq!(enter(&store, "unit"), format!("{role} write"));
        assert_eq!(enter(&store, "team"), format!("{role} read"));
        assert_eq!(enter(&store, "company"), "NoAccess");
    }
    let store = nested(&["team", "unit", "company"], "unit", Role::Customer);
    assert_eq!(enter(&store, "team"), "NoAccess");
}

#[test]
fn being_a_customer_between_does_not_hide_what_one_owns_above() {
    let store = nested(&["team", "unit", "company"], "company", Role::GroupOwner);
    let unit = Place::Group(group("unit"));
    let customer = Membership::new(me(), unit, Role::Customer, noon());
    commit(&store, change(&system(unit)).insert(customer)).unwrap();
    assert_eq!(enter(&store, "team"), "group_owner read");
    assert_eq!(enter(&store, "unit"), "customer write");
}

#[test]
fn an_unknown_group_and_a_forbidden_one_are_the_same_error() {
    let store = MemoryStore::new();
    let actor = Actor::Person(me());
    let place = Place::Group(group("secret"));
    let before = block_on(Scope::enter(&store, actor.clone(), place)).unwrap_err();
    found(&store, &in_group("secret"));
    let after = block_on(Scope::enter(&store, actor.clone(), place)).unwrap_err();
    assert_eq!(before, after);
    let archived = block_on(store.group(group("secret"))).unwrap().unwrap();
    let id = one_ontology::RowId::Group(archived.id);
    commit(
        &store,
        change(&system(place)).archive(id, archived.revision),
    )
    .unwrap();
    assert_eq!(
        block_on(Scope::enter(&store, actor, place)).unwrap_err(),
        before
    );
}

/// Counts what is asked; a group's parent is what the function says.
#[derive(Debug)]
struct Counting {
    asked: AtomicUsize,
    parent: fn(GroupId) -> Option<GroupId>,
    member_of: Option<GroupId>,
}

#[async_trait]
impl Directory for Counting {
    async fn group(&self, id: GroupId) -> Result<Option<Group>, StoreError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let mut group = Group::new(id, "A group", noon());
        group.parent = (self.parent)(id);
        Ok(Some(group))
    }

    async fn membership(
        &self,
        person: PersonId,
        place: Place,
    ) -> Result<Option<Membership>, StoreError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        Ok((place.group().is_some() && place.group() == self.member_of)
            .then(|| Membership::new(person, place, Role::GroupUser, noon())))
    }

    async fn descendants(&self, _: GroupId) -> Result<Vec<GroupId>, StoreError> {
        Err(StoreError::Unavailable {
            reason: "not asked for".to_owned(),
        })
    }
}

/// What entering `here` says, and how often the directory was asked at most.
fn check(
    parent: fn(GroupId) -> Option<GroupId>,
    member_of: Option<GroupId>,
    said: &str,
    asked: usize,
) {
    let directory = Counting {
        asked: AtomicUsize::new(0),
        parent,
        member_of,
    };
    assert_eq!(enter(&directory, "here"), said);
    assert_eq!(directory.asked.load(Ordering::Relaxed), asked);
}

#[test]
fn ancestors_are_asked_only_as_far_as_needed() {
    let endless = |id: GroupId| Some(GroupId::of_name(&[&id.to_string()]));
    let cycle = |id: GroupId| {
        Some(if id == group("here") {
            group("there")
        } else {
            group("here")
        })
    };
    let itself = |id: GroupId| Some(id);
    // Platform, group, own; then two for each ancestor.
    check(endless, Some(group("here")), "group_user write", 3);
    check(endless, None, "NoAccess", 3 + 2 * Scope::MAX_NESTING);
    check(cycle, None, "NoAccess", 3 + 2);
    check(itself, None, "NoAccess", 3);
    check(cycle, Some(group("there")), "group_user read", 3 + 1);
}

#[test]
fn a_directory_that_does_not_answer_is_no_refusal() {
    #[derive(Debug)]
    struct Down;
    #[async_trait]
    impl Directory for Down {
        async fn group(&self, _: GroupId) -> Result<Option<Group>, StoreError> {
            Err(StoreError::Busy {
                reason: "down".to_owned(),
            })
        }
        async fn membership(
            &self,
            _: PersonId,
            _: Place,
        ) -> Result<Option<Membership>, StoreError> {
            Err(StoreError::Busy {
                reason: "down".to_owned(),
            })
        }
        async fn descendants(&self, _: GroupId) -> Result<Vec<GroupId>, StoreError> {
            Err(StoreError::Busy {
                reason: "down".to_owned(),
            })
        }
    }
    assert_eq!(enter(&Down, "here"), "DirectoryUnavailable");
}

#[test]
fn a_read_only_scope_reads() {
    let store = nested(&["team", "unit"], "unit", Role::GroupUser);
    let place = Place::Group(group("team"));
    let scope = block_on(Scope::enter(&store, Actor::Person(me()), place)).unwrap();
    assert!(block_on(store.head(&scope)).unwrap().is_some());
    let refused = commit(&store, change(&scope)).unwrap_err();
    assert_eq!(refused.tag(), "ReadOnlyScope");
}

proptest! {
    /// Whatever a directory says: a person writes in the shared registry only as the platform's
    /// staff, and is nothing without an active membership of their own.
    #[test]
    fn no_directory_can_make_a_person_more_than_they_are(
        standing in strategies::standing(me(), Place::Group(group("home"))),
    ) {
        let home = Group::new(group("home"), "Home", noon());
        if let Ok(scope) = Scope::decide(Actor::Person(me()), &home, &standing) {
            prop_assert_eq!(scope.place(), home.place());
            let mine = [&standing.own, &standing.platform, &standing.ancestor]
                .into_iter()
                .flatten()
                .any(|m| m.person == me() && m.status == MembershipStatus::Active);
            prop_assert!(mine);
            if scope.global().access() == Access::Write {
                let staff = standing.platform.unwrap();
                prop_assert_eq!((staff.place, staff.role), (Place::Global, Role::PlatformOwner));
            }
        }
    }
}
