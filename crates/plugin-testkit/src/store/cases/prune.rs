//! Events that are signed and exported may leave, and the trail goes on being checked.

use std::time::Duration;

use futures::StreamExt as _;
use one_ontology::audit::trail::{self, Check};
use one_ontology::audit::{Retention, RetentionPolicy, decide_retention};
use one_ontology::{
    ChangeSet, EventId, EventQuery, Plan, Scope, Seq, StoreError, ThingType, Timestamp,
};

use crate::audit::TestKey;
use crate::store::kit::{Kit, key};

fn auditor() -> TestKey {
    TestKey::named("auditor")
}

/// Leave for all that the trail of a place has now.
async fn leave(kit: &Kit, scope: &Scope) -> Retention {
    let at = kit.now();
    let whole = trail::verify(kit.store(), scope, Check::default(), |_| ()).await;
    let checkpoint = whole.unwrap().checkpoint(at).unwrap();
    let trusted = checkpoint
        .sign(&auditor())
        .unwrap()
        .trust(&auditor())
        .unwrap();
    let policy = RetentionPolicy::of_plan(Plan::Starter);
    let retention = decide_retention(&policy, scope.place(), Seq::new(1), &[trusted], old(at));
    retention.expect("a signed checkpoint that is old enough")
}

fn old(at: Timestamp) -> Timestamp {
    at.plus(Duration::from_secs(90 * 86_400))
}

fn pruning(kit: &Kit, scope: &Scope, retention: &Retention) -> ChangeSet {
    let now = kit.now();
    ChangeSet::prune(scope, EventId::new(&kit.ids, now), retention, now)
}

/// A place with five events, leave for them, and two more events.
async fn place(kit: &Kit) -> (Scope, Retention) {
    let scope = kit.group().await;
    for _ in 0..4 {
        kit.commit(kit.changes(&scope)).await;
    }
    let retention = leave(kit, &scope).await;
    for _ in 0..2 {
        kit.commit(kit.changes(&scope)).await;
    }
    (scope, retention)
}

async fn numbers(kit: &Kit, scope: &Scope) -> Vec<u64> {
    let events = kit.events(scope).await;
    events.iter().map(|event| event.seq.get()).collect()
}

pub(crate) async fn what_is_covered_is_gone_and_nothing_else(kit: &Kit) {
    let (scope, retention) = place(kit).await;
    let before = kit.events(&scope).await;
    kit.commit(pruning(kit, &scope, &retention)).await;
    let after = kit.events(&scope).await;
    assert_eq!(after[..2], before[5..]);
    assert_eq!(numbers(kit, &scope).await, [6, 7, 8]);
    let from = EventQuery {
        after: Seq::new(2),
        ..EventQuery::default()
    };
    let page = kit.store().events(&scope, &from).await.unwrap();
    assert_eq!(page.items, after);
    let about = EventQuery::about(one_ontology::audit::trail_of(scope.place()));
    let said = kit.store().events(&scope, &about).await.unwrap();
    assert_eq!(said.items, after[2..], "the pruning is in the trail");
}

pub(crate) async fn other_places_stay_whole(kit: &Kit) {
    let (scope, retention) = place(kit).await;
    let others = [kit.group().await, kit.global()];
    for other in &others {
        for _ in 0..7 {
            kit.commit(kit.changes(other)).await;
        }
    }
    let before = [
        kit.snapshot(&others[0]).await,
        kit.snapshot(&others[1]).await,
    ];
    kit.commit(pruning(kit, &scope, &retention)).await;
    let after = [
        kit.snapshot(&others[0]).await,
        kit.snapshot(&others[1]).await,
    ];
    assert_eq!(after, before);
}

pub(crate) async fn numbers_go_on(kit: &Kit) {
    let scope = kit.group().await;
    let retention = leave(kit, &scope).await;
    let receipt = kit.commit(pruning(kit, &scope, &retention)).await;
    assert_eq!((receipt.first.get(), receipt.head.seq.get()), (2, 2));
    assert_eq!(kit.store().head(&scope).await.unwrap(), Some(receipt.head));
    let receipt = kit.commit(kit.changes(&scope)).await;
    assert_eq!(receipt.head.seq.get(), 3);
    assert_eq!(numbers(kit, &scope).await, [2, 3]);
}

pub(crate) async fn receipts_and_rows_stay(kit: &Kit) {
    let scope = kit.group().await;
    let thing = kit.added(&scope, ThingType::Course, "Course").await;
    let once = || kit.changes(&scope).once(key("once"));
    let receipt = kit.commit(once()).await;
    let retention = leave(kit, &scope).await;
    kit.commit(pruning(kit, &scope, &retention)).await;
    assert_eq!(kit.read(&scope, thing.id).await, thing);
    let again = kit.commit(once()).await;
    assert_eq!((again.first, again.head), (receipt.first, receipt.head));
    assert_eq!(again.answer, one_ontology::Answer::Replayed);
}

pub(crate) async fn a_watch_that_was_behind_is_told(kit: &Kit) {
    let (scope, retention) = place(kit).await;
    let mut begun = kit.store().watch(&scope, Seq::new(1));
    let first = kit.soon(begun.next()).await.flatten();
    assert_eq!(first.map(|event| event.unwrap().seq.get()), Some(2));
    kit.commit(pruning(kit, &scope, &retention)).await;
    // What it had fetched before may still come; then it must not jump.
    let mut expected = 3;
    let told = loop {
        match kit
            .soon(begun.next())
            .await
            .expect("the watch says something")
        {
            Some(Ok(event)) => assert_eq!(event.seq.get(), expected, "a watch leaves a gap"),
            end => break end,
        }
        expected += 1;
        if expected > 8 {
            // It had fetched everything.
            break None;
        }
    };
    let first = Seq::new(6);
    assert!(
        matches!(told, None | Some(Err(StoreError::Pruned { .. }))),
        "{told:?}"
    );
    let mut anew = kit.store().watch(&scope, Seq::new(3));
    let told = kit
        .soon(anew.next())
        .await
        .expect("the watch says something");
    assert_eq!(told, Some(Err(StoreError::Pruned { first })));
    let end = kit.soon(anew.next()).await.expect("an error ends a watch");
    assert_eq!(end, None);
}

pub(crate) async fn a_watch_that_was_there_goes_on(kit: &Kit) {
    let (scope, retention) = place(kit).await;
    let mut there = kit.store().watch(&scope, Seq::new(5));
    kit.commit(pruning(kit, &scope, &retention)).await;
    for number in 6..=8 {
        let event = kit.soon(there.next()).await.flatten();
        assert_eq!(event.map(|event| event.unwrap().seq.get()), Some(number));
    }
}

pub(crate) async fn the_rest_verifies_from_the_checkpoint(kit: &Kit) {
    let (scope, retention) = place(kit).await;
    let trusted = auditor();
    let check = Check {
        keys: Some(&trusted),
        ..Check::default()
    };
    for round in 0..3_u64 {
        let retention = match round {
            0 => retention.clone(),
            _ => leave(kit, &scope).await,
        };
        kit.commit(pruning(kit, &scope, &retention)).await;
        kit.commit(kit.changes(&scope)).await;
        let whole = trail::verify(kit.store(), &scope, check, |_| ())
            .await
            .unwrap();
        assert_eq!(
            whole.after,
            Some(retention.checkpoint().checkpoint().head())
        );
        assert_eq!(whole.head(), kit.store().head(&scope).await.unwrap());
    }
}

pub(crate) async fn a_checkpoint_of_another_chain_prunes_nothing(kit: &Kit) {
    let (scope, retention) = place(kit).await;
    let (other, _) = place(kit).await;
    let before = kit.snapshot(&other).await;
    assert_eq!(
        kit.refused(pruning(kit, &other, &retention)).await,
        "InvalidRow"
    );
    assert_eq!(kit.snapshot(&other).await, before);
    assert_eq!(numbers(kit, &scope).await.len(), 7);
}

pub(crate) async fn what_has_left_does_not_leave_again(kit: &Kit) {
    let (scope, retention) = place(kit).await;
    kit.commit(pruning(kit, &scope, &retention)).await;
    let before = kit.snapshot(&scope).await;
    let again = kit.store().commit(pruning(kit, &scope, &retention)).await;
    let first = Seq::new(6);
    assert_eq!(again, Err(StoreError::Pruned { first }));
    assert_eq!(kit.snapshot(&scope).await, before);
}

pub(crate) async fn with_a_refused_change_nothing_leaves(kit: &Kit) {
    let (scope, retention) = place(kit).await;
    let before = kit.snapshot(&scope).await;
    let missing = kit.thing(&scope, ThingType::Course, "Missing");
    let changes = pruning(kit, &scope, &retention).replace(missing);
    assert_eq!(kit.refused(changes).await, "NotFound");
    assert_eq!(kit.snapshot(&scope).await, before);
}
