//! Events leave a store only when they are old, signed and exported, and never unsaid.

use std::time::Duration;

use futures::StreamExt as _;
use futures::executor::block_on;
use one_ontology::audit::trail::{self, Check, TrailError};
use one_ontology::audit::{
    Retention, RetentionPolicy, SignedCheckpoint, Tier, TrustedCheckpoint, decide_retention,
};
use one_ontology::{
    AuditError, ChangeSet, Event, EventId, EventQuery, MemoryStore, Place, Plan, Role, Scope, Seq,
    Store, StoreError, Timestamp,
};
use proptest::prelude::*;

use crate::signing::{KEY, Key, checkpoint, trusted};
use crate::support::{change, commit, event, in_group, noon, store_with, system};

const DAY: Duration = Duration::from_secs(86_400);

fn days(count: u32) -> Timestamp {
    noon().plus(DAY * count)
}

fn id(name: &str) -> EventId {
    EventId::of_name(&["retention", name])
}

fn events(store: &MemoryStore, scope: &Scope) -> Vec<Event> {
    block_on(store.events(scope, &EventQuery::default()))
        .unwrap()
        .items
}

/// A place with so many events, and the checkpoint of them all, exported.
fn place_with(count: usize) -> (MemoryStore, Scope, TrustedCheckpoint) {
    let scope = in_group("retention");
    let store = store_with(&scope);
    for _ in 1..count {
        commit(&store, change(&scope)).unwrap();
    }
    let trusted = trusted(&events(&store, &scope), noon());
    (store, scope, trusted)
}

fn leave(trusted: &TrustedCheckpoint) -> Retention {
    let policy = RetentionPolicy::of_plan(Plan::Starter);
    let place = trusted.checkpoint().place();
    decide_retention(
        &policy,
        place,
        Seq::new(1),
        std::slice::from_ref(trusted),
        days(90),
    )
    .unwrap()
}

fn prune(store: &MemoryStore, scope: &Scope, retention: &Retention) -> Result<(), StoreError> {
    let changes = ChangeSet::prune(scope, id("prune"), retention, days(90));
    commit(store, changes).map(drop)
}

#[test]
fn tiers_are_those_of_the_ontology() {
    let mut table = Vec::new();
    for plan in [Plan::Starter, Plan::Pro, Plan::Enterprise] {
        let policy = RetentionPolicy::of_plan(plan);
        for age in [0, 29, 30, 89, 90, 364, 365, 4000] {
            table.push(format!("{plan} {age} {:?}", policy.tier(noon(), days(age))));
        }
    }
    insta::assert_snapshot!("retention_tiers", table.join("\n"));
    let policy = RetentionPolicy::of_plan(Plan::Starter);
    assert_eq!(
        policy.tier(days(100), noon()),
        Tier::Hot,
        "the clock went back"
    );
}

#[test]
fn a_policy_keeps_to_the_ontology() {
    assert!(RetentionPolicy::new(30, 90, Some(90)).is_ok());
    for (hot, warm, promised) in [
        (29, 90, None),
        (91, 90, None),
        (30, 89, None),
        (30, 366, None),
        (30, 365, Some(364)),
    ] {
        assert!(
            RetentionPolicy::new(hot, warm, promised).is_err(),
            "{hot} {warm} {promised:?}"
        );
    }
}

#[test]
fn the_latest_checkpoint_that_is_cold_decides() {
    let (store, scope, _) = place_with(6);
    let chain = events(&store, &scope);
    let exported: Vec<TrustedCheckpoint> = (1..=6)
        .map(|n| trusted(&chain[..n], days(u32::try_from(n).unwrap())))
        .collect();
    let policy = RetentionPolicy::of_plan(Plan::Starter);
    let last = |first: u64, now| {
        decide_retention(&policy, scope.place(), Seq::new(first), &exported, now)
            .map(|retention| retention.because().last.get())
    };
    assert_eq!(last(1, days(90)), None);
    assert_eq!(last(1, days(91)), Some(1));
    assert_eq!(last(1, days(93)), Some(3));
    assert_eq!(last(4, days(93)), None, "those have left already");
    assert_eq!(last(4, days(1000)), Some(6));
    assert_eq!(last(1, Timestamp::MIN), None);
    let elsewhere = decide_retention(&policy, Place::Global, Seq::new(1), &exported, days(1000));
    assert_eq!(elsewhere, None);
    let because = decide_retention(&policy, scope.place(), Seq::new(1), &exported, days(93));
    insta::assert_snapshot!(because.unwrap().because().to_string(), @"events up to 3 were signed at 2026-11-23T12:00:00.000000Z, are exported, and leave after 90 days");
}

#[test]
fn what_is_pruned_is_gone_and_the_rest_stays() {
    let (store, scope, trusted) = place_with(5);
    commit(&store, change(&scope)).unwrap();
    let head = block_on(store.head(&scope)).unwrap().unwrap();
    prune(&store, &scope, &leave(&trusted)).unwrap();
    let left = events(&store, &scope);
    assert_eq!(left.iter().map(|e| e.seq.get()).collect::<Vec<_>>(), [6, 7]);
    assert_eq!(left[1].previous, Some(head.digest));
    let kept = SignedCheckpoint::in_event(&left[1]).unwrap();
    assert_eq!(kept.as_ref(), Some(trusted.signed()));
    insta::assert_snapshot!(left[1].metadata.text("because").unwrap(), @"events up to 5 were signed at 2026-11-20T12:00:00.000000Z, are exported, and leave after 90 days");
}

#[test]
fn refusals() {
    let (store, scope, trusted) = place_with(5);
    let retention = leave(&trusted);
    let mut said = Vec::new();
    let mut refuse = |result: Result<(), StoreError>| {
        let error = result.unwrap_err();
        said.push(format!("{}: {error}", error.tag()));
    };
    let before = events(&store, &scope);

    let (elsewhere, there) = (in_group("elsewhere"), store_with(&in_group("elsewhere")));
    refuse(prune(&there, &elsewhere, &retention));
    // The same place with another history.
    let other = store_with(&scope);
    refuse(prune(&other, &scope, &retention));
    for name in ["a", "b", "c", "d"] {
        let changes = ChangeSet::new(&scope, event(name), noon());
        commit(&other, changes).unwrap();
    }
    refuse(prune(&other, &scope, &retention));
    let twice = ChangeSet::prune(&scope, id("twice"), &retention, days(90));
    refuse(twice.clone().and(twice).map(drop));
    let person = one_ontology::PersonId::of_name(&["retention", "owner"]);
    let member = one_ontology::Membership::new(person, scope.place(), Role::GroupOwner, noon());
    commit(&store, change(&scope).insert(member)).unwrap();
    let owner = block_on(Scope::enter(
        &store,
        one_ontology::Actor::Person(person),
        scope.place(),
    ))
    .unwrap();
    refuse(prune(&store, &owner, &retention));
    assert_eq!(events(&store, &scope)[..5], before);

    prune(&store, &scope, &retention).unwrap();
    refuse(prune(&store, &scope, &retention));
    insta::assert_snapshot!("prune_refusals", said.join("\n"));
}

#[test]
fn a_watch_that_was_behind_says_so_and_ends() {
    let (store, scope, trusted) = place_with(5);
    let mut behind = store.watch(&scope, Seq::new(2));
    assert_eq!(block_on(behind.next()).unwrap().unwrap().seq.get(), 3);
    let mut there = store.watch(&scope, Seq::new(5));
    prune(&store, &scope, &leave(&trusted)).unwrap();
    let first = Seq::new(6);
    assert_eq!(
        block_on(behind.next()),
        Some(Err(StoreError::Pruned { first }))
    );
    assert_eq!(block_on(behind.next()), None);
    assert_eq!(block_on(there.next()).unwrap().unwrap().seq, first);
    let mut anew = store.watch(&scope, Seq::START);
    assert_eq!(
        block_on(anew.next()),
        Some(Err(StoreError::Pruned { first }))
    );
}

fn check(store: &MemoryStore, scope: &Scope, check: Check<'_>) -> Result<trail::Whole, TrailError> {
    block_on(trail::verify(store, scope, check, |_| ()))
}

#[test]
fn a_pruned_trail_is_checked_from_its_checkpoint() {
    let (store, scope, trusted) = place_with(5);
    commit(&store, trusted.signed().keep(&scope, id("keep"), noon())).unwrap();
    let keys = Check {
        keys: Some(&KEY),
        ..Check::default()
    };
    let whole = check(&store, &scope, keys).unwrap();
    assert_eq!((whole.events, whole.checkpoints, whole.after), (6, 1, None));
    prune(&store, &scope, &leave(&trusted)).unwrap();
    let whole = check(&store, &scope, keys).unwrap();
    assert_eq!(
        (whole.events, whole.after),
        (2, Some(trusted.checkpoint().head()))
    );
    assert_eq!(whole.head(), block_on(store.head(&scope)).unwrap());
    let early = checkpoint(&events(&place_with(2).0, &scope), noon());
    let from = Check {
        from: Some(&early),
        ..keys
    };
    let first = Seq::new(6);
    let gone = TrailError::Store(StoreError::Pruned { first });
    assert_eq!(
        check(&store, &scope, from).unwrap_err(),
        gone,
        "no word of tampering"
    );
    // It goes on as if nothing had left: the tree is over all seven.
    assert_eq!(whole.checkpoint(noon()).unwrap().tree().size(), 7);

    let others = Check {
        keys: Some(&Key("another")),
        ..Check::default()
    };
    let error = check(&store, &scope, others).unwrap_err();
    assert_eq!(error.tag(), "AuditUntrustedKey");
    // Who knows a checkpoint that differs finds it.
    let known = [checkpoint(&events(&place_with(7).0, &scope), noon())];
    let known = Check {
        known: &known,
        ..Check::default()
    };
    let error = check(&store, &scope, known).unwrap_err();
    assert_eq!(error.tag(), "AuditDiverged");
}

#[test]
fn progress_counts_every_event_once() {
    let (store, scope, _) = place_with(2345);
    let mut seen = Vec::new();
    let report = |progress: trail::Progress| seen.push((progress.done, progress.of));
    block_on(trail::verify(&store, &scope, Check::default(), report)).unwrap();
    assert_eq!(seen, [(0, 2345), (1000, 2345), (2000, 2345), (2345, 2345)]);
}

#[test]
fn a_checkpoint_that_was_never_reached_is_missed() {
    let (store, scope, _) = place_with(4);
    let longer = [checkpoint(&events(&place_with(5).0, &scope), noon())];
    let error = check(
        &store,
        &scope,
        Check {
            known: &longer,
            ..Check::default()
        },
    );
    let expected = AuditError::Truncated {
        place: scope.place(),
        expected: Seq::new(5),
        found: Seq::new(4),
    };
    assert_eq!(error.unwrap_err(), TrailError::Audit(expected));
}

#[test]
fn a_spoiled_checkpoint_in_the_trail_is_named() {
    let (store, scope, _) = place_with(1);
    let mut body = event("spoiled").with("checkpoint", "nonsense");
    body.target = Some(one_ontology::audit::trail_of(scope.place()));
    commit(&store, ChangeSet::new(&scope, body, noon())).unwrap();
    let error = check(&store, &scope, Check::default()).unwrap_err();
    assert_eq!(error.tag(), "AuditUnreadable");
    // Elsewhere nobody asks what is in it.
    let body = event("elsewhere").with("checkpoint", "nonsense");
    let place = system(Place::Global);
    commit(&store, ChangeSet::new(&place, body, noon())).unwrap();
    assert!(check(&store, &place, Check::default()).is_ok());
}

proptest! {
    /// Whatever the moments, what leaves is old, signed and not gone already; and what could leave does.
    #[test]
    fn no_event_leaves_early(
        ages in proptest::collection::vec(0_u32..800, 1..8),
        first in 1_u64..10,
        now in 0_u32..1200,
        plan in prop_oneof![Just(Plan::Starter), Just(Plan::Pro), Just(Plan::Enterprise)],
    ) {
        let mut ages = ages;
        ages.sort_unstable();
        let (store, scope, _) = place_with(ages.len());
        let chain = events(&store, &scope);
        let exported: Vec<TrustedCheckpoint> = (1..)
            .zip(&ages)
            .map(|(n, age)| trusted(&chain[..n], days(*age)))
            .collect();
        let policy = RetentionPolicy::of_plan(plan);
        let warm = if plan == Plan::Starter { 90 } else { 365 };
        let got = decide_retention(&policy, scope.place(), Seq::new(first), &exported, days(now))
            .map(|retention| retention.because().last.get());
        let expected = (1_u64..)
            .zip(&ages)
            .filter(|(n, age)| *n >= first && now.saturating_sub(**age) >= warm)
            .map(|(n, _)| n)
            .max();
        prop_assert_eq!(got, expected);
    }
}
