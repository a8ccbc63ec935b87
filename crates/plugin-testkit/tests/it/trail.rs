//! Events that are gone without a word are missed, however well they were covered.

use std::time::Duration;

use futures::executor::block_on;
use one_ontology::audit::trail::{self, Check};
use one_ontology::audit::{RetentionPolicy, decide_retention};
use one_ontology::{
    ChangeSet, EventId, EventType, NewEvent, Place, Plan, Scope, Seq, SequentialIds, Store,
    Timestamp,
};
use plugin_testkit::audit::TestKey;
use plugin_testkit::store::{Fault, FaultyStore};

/// What a check says when events that a kept checkpoint covers have left a store with this fault.
fn said(fault: Fault) -> Result<u64, &'static str> {
    let (store, key) = (FaultyStore::new(fault), TestKey::named("auditor"));
    let (ids, now) = (SequentialIds::new(), Timestamp::EPOCH);
    let scope = Scope::system("test".parse().unwrap(), Place::Global);
    let body = || NewEvent::new(EventId::new(&ids, now), EventType::TaskEvent, None);
    for _ in 0..5 {
        block_on(store.commit(ChangeSet::new(&scope, body(), now))).unwrap();
    }
    let check = Check {
        keys: Some(&key),
        ..Check::default()
    };
    let whole = block_on(trail::verify(&store, &scope, check, |_| ())).unwrap();
    let signed = whole.checkpoint(now).unwrap().sign(&key).unwrap();
    block_on(store.commit(signed.keep(&scope, EventId::new(&ids, now), now))).unwrap();
    let trusted = [signed.trust(&key).unwrap()];
    let policy = RetentionPolicy::of_plan(Plan::Starter);
    let later = now.plus(Duration::from_secs(90 * 86_400));
    let retention = decide_retention(&policy, scope.place(), Seq::new(1), &trusted, later).unwrap();
    let id = EventId::new(&ids, later);
    block_on(store.commit(ChangeSet::prune(&scope, id, &retention, later))).unwrap();
    block_on(trail::verify(&store, &scope, check, |_| ()))
        .map(|whole| whole.events)
        .map_err(|error| error.tag())
}

#[test]
fn a_trail_that_was_pruned_is_whole_if_it_says_so() {
    assert_eq!(said(Fault::None), Ok(2));
    assert_eq!(said(Fault::PrunesInSilence), Err("AuditMissing"));
    assert_eq!(said(Fault::PrunesOneTooMany), Err("AuditMissing"));
    assert_eq!(said(Fault::PrunesOneTooFew), Err("AuditMissing"));
}
