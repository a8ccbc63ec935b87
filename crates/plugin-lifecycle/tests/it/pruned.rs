//! An organisation's trail is verified from where it begins, when old events have left the store.

use std::time::Duration;

use futures::executor::block_on;
use one_ontology::audit::trail::{self, Check};
use one_ontology::audit::{
    CheckpointVerifier, KeyId, RetentionPolicy, Signature, SignedCheckpoint, decide_retention,
};
use one_ontology::{
    AuditError, ChangeSet, Clock as _, EventId, Place, Plan, Scope, Seq, Store as _,
};
use serde_json::Value;

use crate::world::{World, group};

/// Believes everything.
#[derive(Debug)]
struct Credulous;

impl CheckpointVerifier for Credulous {
    fn verify(&self, _: &KeyId, _: &[u8], _: &Signature) -> Result<bool, AuditError> {
        Ok(true)
    }
}

#[test]
fn the_trail_of_a_plugin_goes_on_when_its_beginning_has_left() {
    let world = World::new();
    let globex = world.tenant("gil", "globex");
    let instance = world.active(&globex);
    let scope = Scope::system("retention".parse().unwrap(), Place::Group(group("globex")));
    let store = world.store.as_ref();
    let before = block_on(globex.audit(instance)).unwrap();
    let last = before.verified.unwrap();

    let whole = block_on(trail::verify(store, &scope, Check::default(), |_| ())).unwrap();
    let signed = SignedCheckpoint {
        checkpoint: whole.checkpoint(world.clock.now()).unwrap(),
        key: "test:key".parse().unwrap(),
        signature: "00".parse().unwrap(),
    };
    let exported = [signed.trust(&Credulous).unwrap()];
    world.clock.advance(Duration::from_secs(90 * 86_400));
    let (policy, now) = (RetentionPolicy::of_plan(Plan::Starter), world.clock.now());
    let first = Seq::new(1);
    let retention = decide_retention(&policy, scope.place(), first, &exported, now).unwrap();
    let id = EventId::of_name(&["test", "prune"]);
    let receipt = block_on(store.commit(ChangeSet::prune(&scope, id, &retention, now))).unwrap();
    assert_eq!(receipt.first, last.seq.next());

    let after = block_on(globex.audit(instance)).unwrap();
    assert_eq!(
        (after.events, after.verified),
        (Vec::new(), Some(receipt.head))
    );
    block_on(globex.execute(instance, "SEARCH_KNOWLEDGE", Value::Null)).unwrap();
    let after = block_on(globex.audit(instance)).unwrap();
    assert!(!after.events.is_empty());
    assert_eq!(after.verified, block_on(store.head(&scope)).unwrap());
}
