//! One atomic change: all of it or nothing, checked in one order.

use std::time::Duration;

use futures::executor::block_on;
use one_ontology::{
    Access, Actor, Answer, BudgetRule, ChangeSet, Connection, ConnectionId, ConnectionQuery,
    ConnectionType, Directory as _, Ended, Group, GroupStatus, Knowledge, KnowledgeId,
    KnowledgeType, Membership, MembershipStatus, MemoryStore, NewEvent, Person, PersonId, Place,
    Properties, Revision, Role, Row, RowId, Scope, Seq, Settle, Spend, Standing, Store as _,
    StoreError, Thing, ThingId, ThingQuery, ThingStatus, ThingType, Timestamp, audit,
};

use crate::support::{
    change, commit, event, everything, found, group, in_group, noon, store_with, system, thing,
};

const KEYS: &[&str] = &["level"];

fn spend(limit: u64) -> Spend {
    Spend::one("level".parse().unwrap(), BudgetRule::Level { limit })
}

/// A store with a thing `course` (revision 1), a spent budget and a request named `seen`.
fn store() -> (MemoryStore, Scope, Thing) {
    let scope = in_group("a");
    let store = store_with(&scope);
    let course = thing(&scope, "course", ThingType::Course);
    let changes = change(&scope)
        .insert(course.clone())
        .spend(spend(1))
        .once("seen".parse().unwrap());
    commit(&store, changes).unwrap();
    (store, scope, course)
}

/// Commits a change set that must be refused and leave everything as it was.
fn refused(store: &MemoryStore, changes: ChangeSet, tag: &str) -> StoreError {
    let scope = changes.scope().clone();
    let before = everything(store, &scope, KEYS);
    let error = commit(store, changes).unwrap_err();
    assert_eq!(error.tag(), tag, "{error}");
    assert_eq!(everything(store, &scope, KEYS), before);
    error
}

/// Everything that can be written, in one change set that would be accepted.
fn full(scope: &Scope) -> ChangeSet {
    let member = PersonId::of_name(&["test"]);
    let lesson = thing(scope, "lesson", ThingType::Lesson);
    let mut note = Knowledge::new(
        scope,
        KnowledgeId::of_name(&["test"]),
        KnowledgeType::Document,
        noon(),
    );
    note.text = Some("a note".into());
    let id = ConnectionId::of_name(&["test"]);
    let part_of = Connection::new(
        scope,
        id,
        lesson.id,
        ConnectionType::PartOf,
        ThingId::of_name(&["test", "course"]),
        noon(),
    );
    change(scope)
        .insert(Person::new(scope, member, "Ada", noon()))
        .insert(Membership::new(
            member,
            scope.place(),
            Role::GroupUser,
            noon(),
        ))
        .insert(lesson)
        .insert(note)
        .connect(part_of)
        .spend(Spend::one(
            "another".parse().unwrap(),
            BudgetRule::Level { limit: 1 },
        ))
        .event(event("second"))
}

#[test]
fn everything_at_once_is_written() {
    let (store, scope, course) = store();
    let receipt = commit(&store, full(&scope)).unwrap();
    assert_eq!(
        (receipt.first, receipt.head.seq),
        (Seq::new(3), Seq::new(4))
    );
    assert_eq!(receipt.answer, Answer::Done);
    assert_eq!(receipt.budgets.len(), 1);
    assert_eq!(block_on(store.head(&scope)).unwrap(), Some(receipt.head));
    let read = block_on(store.thing(&scope, course.id)).unwrap().unwrap();
    assert_eq!(read.revision, Revision::FIRST);
    insta::assert_snapshot!(
        "everything_at_once",
        everything(&store, &scope, &["another"])
    );
}

#[test]
fn each_refusal_leaves_everything_as_it_was() {
    let (store, scope, course) = store();
    let id = RowId::Thing(course.id);
    let stale = Thing {
        revision: Revision::new(2),
        ..course.clone()
    };
    let nowhere = RowId::Thing(ThingId::of_name(&["nowhere"]));
    let disconnect = ConnectionId::of_name(&["nowhere"]);
    let nameless = Thing {
        name: String::new(),
        ..thing(&scope, "x", ThingType::Course)
    };
    let foreign = thing(&in_group("b"), "x", ThingType::Course);
    let retyped = Thing {
        thing_type: ThingType::Lesson,
        ..course.clone()
    };
    let remade = Thing {
        created_at: Timestamp::EPOCH,
        ..course.clone()
    };
    let person = Person::new(&scope, PersonId::of_name(&["p"]), "Ada", noon());
    let twice = thing(&scope, "twice", ThingType::Course);
    let table: Vec<(&str, ChangeSet)> = vec![
        ("Stale", full(&scope).replace(stale)),
        ("Stale", full(&scope).archive(id, Revision::new(2))),
        ("Stale", full(&scope).insist(id, Revision::new(2))),
        ("NotFound", full(&scope).insist(nowhere, Revision::FIRST)),
        ("NotFound", full(&scope).archive(nowhere, Revision::FIRST)),
        (
            "NotFound",
            full(&scope).replace(thing(&scope, "nowhere", ThingType::Course)),
        ),
        ("NotFound", full(&scope).disconnect(disconnect)),
        ("AlreadyExists", full(&scope).insert(course.clone())),
        (
            "AlreadyExists",
            full(&scope).insert(twice.clone()).insert(twice),
        ),
        (
            "AlreadyExists",
            full(&scope).insert(Group::new(group("a"), "Again", noon())),
        ),
        (
            "AlreadyExists",
            full(&scope).insist_absent(ThingQuery::of_type(ThingType::Course)),
        ),
        ("BudgetExhausted", full(&scope).spend(spend(1))),
        ("InvalidRow", full(&scope).insert(nameless)),
        ("InvalidRow", full(&scope).insert(foreign)),
        ("InvalidRow", full(&scope).replace(retyped)),
        ("InvalidRow", full(&scope).replace(remade)),
        (
            "InvalidRow",
            full(&scope)
                .insert(person.clone())
                .archive(RowId::Person(person.id), Revision::FIRST),
        ),
        (
            "InvalidRow",
            full(&scope).event(event("x").with("bad", "\0")),
        ),
    ];
    let mut said = String::new();
    for (tag, changes) in table {
        let error = refused(&store, changes, tag);
        said += &format!("{tag}: {error}\n");
    }
    insta::assert_snapshot!("refusals", said);
    assert!(
        commit(&store, full(&scope)).is_ok(),
        "nothing was left behind"
    );
}

#[test]
fn a_change_set_has_a_bounded_number_of_parts() {
    let (store, scope, course) = store();
    let mut changes = change(&scope);
    for _ in 1..ChangeSet::MAX_PARTS {
        changes = changes.insist(RowId::Thing(course.id), Revision::FIRST);
    }
    assert!(commit(&store, changes.clone()).is_ok());
    let changes = changes.insist(RowId::Thing(course.id), Revision::FIRST);
    refused(&store, changes, "InvalidRow");
}

/// Adds what is wrong, the latest checked first; each addition is what is then said.
#[test]
fn checks_have_one_order() {
    let (store, scope, course) = store();
    let elsewhere = system(Place::Group(group("nowhere")));
    let member = PersonId::of_name(&["test"]);
    let above = Membership::new(
        member,
        Place::Group(group("above")),
        Role::GroupOwner,
        noon(),
    );
    let standing = Standing {
        ancestor: Some(above),
        ..Standing::default()
    };
    let team = block_on(store.group(group("a"))).unwrap().unwrap();
    let reader = Scope::decide(Actor::Person(member), &team, &standing).unwrap();
    assert_eq!(reader.access(), Access::Read);

    type Add = fn(ChangeSet, &Thing) -> ChangeSet;
    let wrong: [(&str, Add); 5] = [
        ("NotFound", |c, course| {
            let id = ConnectionId::of_name(&["test"]);
            let nowhere = ThingId::of_name(&["nowhere"]);
            let scope = c.scope().clone();
            c.connect(Connection::new(
                &scope,
                id,
                course.id,
                ConnectionType::PartOf,
                nowhere,
                noon(),
            ))
        }),
        ("AlreadyExists", |c, course| {
            let place = c.place();
            c.insert(Thing {
                place,
                ..course.clone()
            })
        }),
        ("BudgetExhausted", |c, _| c.spend(spend(0))),
        ("Stale", |c, course| {
            c.insist(RowId::Thing(course.id), Revision::new(9))
        }),
        ("InvalidRow", |c, _| c.event(event("bad").with("bad", "\0"))),
    ];
    let build = |scope: &Scope, upto: usize| {
        wrong[..=upto]
            .iter()
            .fold(change(scope), |c, (_, add)| add(c, &course))
    };
    for (i, (tag, _)) in wrong.iter().enumerate() {
        refused(&store, build(&scope, i), tag);
    }
    let last = wrong.len() - 1;
    refused(&store, build(&elsewhere, last), "InvalidRow");
    refused(&store, build(&elsewhere, last - 1), "PlaceNotFound");
    refused(&store, build(&reader, last), "ReadOnlyScope");
    let replayed = commit(&store, build(&reader, last).once("seen".parse().unwrap())).unwrap();
    assert_eq!(replayed.answer, Answer::Replayed);
}

#[test]
fn a_request_is_done_once() {
    let (store, scope, _) = store();
    let before = everything(&store, &scope, KEYS);
    let seen = || "seen".parse().unwrap();
    let again = commit(&store, full(&scope).once(seen())).unwrap();
    assert_eq!(again.answer, Answer::Replayed);
    assert_eq!((again.first, again.head.seq), (Seq::new(2), Seq::new(2)));
    assert_eq!(everything(&store, &scope, KEYS), before);
    // The key is this place's own.
    let other = in_group("b");
    found(&store, &other);
    assert_eq!(
        commit(&store, change(&other).once(seen())).unwrap().answer,
        Answer::Done
    );
    // A refused request has not been done.
    let new = || "new".parse().unwrap();
    refused(
        &store,
        change(&scope).spend(spend(1)).once(new()),
        "BudgetExhausted",
    );
    assert_eq!(
        commit(&store, change(&scope).once(new())).unwrap().answer,
        Answer::Done
    );
}

#[test]
fn later_writes_see_earlier_ones() {
    let (store, scope, course) = store();
    let renamed = Thing {
        name: "renamed".into(),
        ..course.clone()
    };
    let lesson = thing(&scope, "lesson", ThingType::Lesson);
    let id = ConnectionId::of_name(&["test"]);
    // The connection comes before the row it holds on to: order does not matter to ends.
    let part_of = Connection::new(
        &scope,
        id,
        lesson.id,
        ConnectionType::PartOf,
        course.id,
        noon(),
    );
    let changes = change(&scope)
        .connect(part_of)
        .insert(lesson)
        .replace(renamed)
        .archive(RowId::Thing(course.id), Revision::new(2))
        .disconnect(id);
    commit(&store, changes).unwrap();
    let read = block_on(store.thing(&scope, course.id)).unwrap().unwrap();
    assert_eq!(
        (read.name.as_str(), read.status, read.revision.get()),
        ("renamed", ThingStatus::Archived, 3)
    );
    let all = ConnectionQuery {
        ended: Ended::Listed,
        ..ConnectionQuery::default()
    };
    let ended = &block_on(store.connections(&scope, &all)).unwrap().items[0];
    assert_eq!((ended.valid_to, ended.revision.get()), (Some(noon()), 2));
    assert!(
        block_on(store.connections(&scope, &ConnectionQuery::default()))
            .unwrap()
            .items
            .is_empty()
    );
}

#[test]
fn stamps_are_the_stores_own() {
    let (store, scope, _) = store();
    let claims = Thing {
        revision: Revision::new(7),
        ..thing(&scope, "claims", ThingType::Course)
    };
    let id = ConnectionId::of_name(&["test"]);
    let person = PersonId::of_name(&["test"]);
    let mut link = Connection::new(
        &scope,
        id,
        person,
        ConnectionType::EnrolledIn,
        claims.id,
        noon(),
    );
    link.revision = Revision::new(7);
    let later = noon().plus(Duration::from_secs(5));
    let changes = ChangeSet::new(&scope, event("x"), later)
        .insert(claims.clone())
        .connect(link);
    commit(&store, changes).unwrap();
    let read = block_on(store.thing(&scope, claims.id)).unwrap().unwrap();
    assert_eq!(
        (read.revision, read.created_at, read.updated_at),
        (Revision::FIRST, noon(), later)
    );
    let query = ConnectionQuery::from(person, ConnectionType::EnrolledIn);
    let link = &block_on(store.connections(&scope, &query)).unwrap().items[0];
    assert_eq!(link.revision, Revision::FIRST);
}

#[test]
fn a_clock_that_goes_back_leaves_rows_that_can_be_written_again() {
    let (store, scope, course) = store();
    let early = noon().minus(Duration::from_secs(3600));
    for _ in 0..2 {
        let read = block_on(store.thing(&scope, course.id)).unwrap().unwrap();
        commit(
            &store,
            ChangeSet::new(&scope, event("x"), early).replace(read),
        )
        .unwrap();
    }
    let read = block_on(store.thing(&scope, course.id)).unwrap().unwrap();
    assert_eq!((read.updated_at, read.revision.get()), (noon(), 3));
    commit(
        &store,
        ChangeSet::new(&scope, event("x"), early).archive(RowId::Thing(course.id), read.revision),
    )
    .unwrap();
    let read = block_on(store.thing(&scope, course.id)).unwrap().unwrap();
    assert_eq!(read.validate(), Ok(()));
}

#[test]
fn a_group_is_made_in_its_own_place_and_only_there() {
    let store = MemoryStore::new();
    let scope = in_group("new");
    refused(&store, change(&scope), "PlaceNotFound");
    refused(
        &store,
        change(&in_group("other")).insert(Group::new(group("new"), "New", noon())),
        "InvalidRow",
    );
    refused(
        &store,
        change(&system(Place::Global)).insert(Group::new(group("new"), "New", noon())),
        "InvalidRow",
    );
    let made = Group::new(group("new"), "New", noon());
    let course = thing(&scope, "course", ThingType::Course);
    commit(&store, change(&scope).insert(course).insert(made.clone())).unwrap();
    assert_eq!(block_on(store.group(made.id)).unwrap(), Some(made));
    assert_eq!(
        block_on(store.head(&scope)).unwrap().unwrap().seq,
        Seq::new(1)
    );
}

#[test]
fn an_archived_group_is_written_by_the_platform_only() {
    let (store, scope, course) = store();
    let member = PersonId::of_name(&["test"]);
    let membership = Membership::new(member, scope.place(), Role::GroupOwner, noon());
    commit(&store, change(&scope).insert(membership)).unwrap();
    let mine = block_on(Scope::enter(&store, Actor::Person(member), scope.place())).unwrap();
    commit(
        &store,
        change(&mine).archive(RowId::Group(group("a")), Revision::FIRST),
    )
    .unwrap();
    let again = Thing {
        name: "again".into(),
        ..course
    };
    refused(&store, change(&mine).replace(again), "PlaceArchived");
    let entered = block_on(Scope::enter(&store, Actor::Person(member), scope.place()));
    assert_eq!(entered.unwrap_err().tag(), "GroupArchived");
    let archived = block_on(store.group(group("a"))).unwrap().unwrap();
    assert_eq!(
        (archived.status, archived.revision.get()),
        (GroupStatus::Archived, 2)
    );
    let restored = Group {
        status: GroupStatus::Active,
        ..archived
    };
    commit(&store, change(&scope).replace(restored)).unwrap();
    assert!(commit(&store, change(&mine)).is_ok());
}

#[test]
fn memberships_end_and_knowledge_is_put_away() {
    let (store, scope, _) = store();
    let member = PersonId::of_name(&["test"]);
    commit(&store, full(&scope)).unwrap();
    let note = KnowledgeId::of_name(&["test"]);
    let changes = change(&scope)
        .archive(RowId::Membership(member), Revision::FIRST)
        .archive(RowId::Knowledge(note), Revision::FIRST);
    commit(&store, changes).unwrap();
    let ended = block_on(store.membership(member, scope.place()))
        .unwrap()
        .unwrap();
    assert_eq!(ended.status, MembershipStatus::Ended);
    let kept = block_on(store.knowledge_by_id(&scope, note))
        .unwrap()
        .unwrap();
    assert_eq!(kept.archived_at, Some(noon()));
    let listed =
        block_on(store.knowledge(&scope, &one_ontology::KnowledgeQuery::default())).unwrap();
    assert!(listed.items.is_empty());
}

#[test]
fn several_budgets_are_spent_together_or_not_at_all() {
    let (store, scope, _) = store();
    let named = |key: &str, limit| Spend::one(key.parse().unwrap(), BudgetRule::Level { limit });
    let changes = change(&scope).spend(named("one", 5)).spend(named("two", 0));
    let StoreError::Exhausted(exhausted) = refused(&store, changes, "BudgetExhausted") else {
        panic!("not exhausted");
    };
    assert_eq!(exhausted.key.as_str(), "two");
    assert_eq!(
        block_on(store.budget(&scope, &"one".parse().unwrap())).unwrap(),
        None
    );
    // Twice from one budget counts twice.
    let twice = |limit| {
        change(&scope)
            .spend(named("one", limit))
            .spend(named("one", limit))
    };
    refused(&store, twice(1), "BudgetExhausted");
    commit(&store, twice(2)).unwrap();
    // What is given back in a change set can be spent in it.
    let refund = Settle::refund(&named("one", 2), noon());
    commit(&store, change(&scope).spend(named("one", 2)).settle(refund)).unwrap();
    refused(
        &store,
        change(&scope).spend(named("one", 2)),
        "BudgetExhausted",
    );
}

#[test]
fn events_are_dense_and_in_order() {
    let (store, scope, _) = store();
    for i in 0..5 {
        let changes = (0..i).fold(change(&scope), |c, n| c.event(event(&format!("{i}.{n}"))));
        commit(&store, changes).unwrap();
    }
    let page = block_on(store.events(&scope, &one_ontology::EventQuery::default())).unwrap();
    let numbers: Vec<u64> = page.items.iter().map(|e| e.seq.get()).collect();
    assert_eq!(numbers, (1..=17).collect::<Vec<_>>());
    let head = block_on(store.head(&scope)).unwrap();
    assert_eq!(audit::verify(scope.place(), &page.items, head), Ok(head));
}

#[test]
fn an_insisted_absence_is_said_in_words() {
    let (store, scope, _) = store();
    let say =
        |query| refused(&store, change(&scope).insist_absent(query), "AlreadyExists").to_string();
    let mut named = ThingQuery::of_type(ThingType::Course);
    named.name = Some("course".into());
    let said = [say(named), say(ThingQuery::default())].join("\n");
    insta::assert_snapshot!("absences", said);
    // Archived things are absent unless asked for.
    let free = ThingQuery::of_type(ThingType::Course).with("npm_package", "x");
    commit(&store, change(&scope).insist_absent(free)).unwrap();
}

#[test]
fn properties_that_bound_what_a_row_holds_are_checked_on_commit() {
    let (store, scope, _) = store();
    let deep = (0..10_000).fold(serde_json::Value::Null, |inner, _| {
        serde_json::Value::Array(vec![inner])
    });
    let bomb = Thing {
        properties: Properties::new().with("a", deep),
        ..thing(&scope, "bomb", ThingType::Course)
    };
    refused(&store, change(&scope).insert(bomb), "InvalidRow");
    let large: NewEvent = event("large").with("a", "x".repeat(Properties::MAX_BYTES));
    refused(&store, change(&scope).event(large), "InvalidRow");
}

#[test]
fn rows_know_what_they_are() {
    let scope = in_group("a");
    let row: Row = thing(&scope, "course", ThingType::Course).into();
    assert_eq!(
        row.id().to_string(),
        format!("thing {}", ThingId::of_name(&["test", "course"]))
    );
    assert_eq!(
        (row.place(), row.revision()),
        (scope.place(), Revision::FIRST)
    );
}

#[test]
fn two_change_sets_of_one_scope_and_moment_can_be_one() {
    let (store, scope, _) = store();
    let one = full(&scope).once("both".parse().unwrap());
    let two = change(&scope)
        .spend(spend(2))
        .once("dropped".parse().unwrap());
    let later = ChangeSet::new(&scope, event("x"), noon().plus(Duration::from_secs(1)));
    assert_eq!(one.clone().and(later).unwrap_err().tag(), "InvalidRow");
    let elsewhere = change(&in_group("b"));
    assert_eq!(one.clone().and(elsewhere).unwrap_err().tag(), "InvalidRow");
    let refusing = one.clone().and(change(&scope).spend(spend(1))).unwrap();
    refused(&store, refusing, "BudgetExhausted");
    let both = one.and(two).unwrap();
    assert_eq!(both.key().map(ToString::to_string).as_deref(), Some("both"));
    let receipt = commit(&store, both).unwrap();
    assert_eq!(
        (receipt.budgets.len(), receipt.first, receipt.head.seq),
        (2, Seq::new(3), Seq::new(5))
    );
}
