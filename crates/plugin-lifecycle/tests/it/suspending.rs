//! A plugin that is being suspended for its errors when somebody suspends it.

use futures::executor::block_on;
use plugin_lifecycle::{CommandKind, Desired, Policy, StateKind};
use plugin_runtime_api::Script;
use serde_json::Value;

use crate::abandoned::abandon;
use crate::world::World;

const ACTION: &str = "SEARCH_KNOWLEDGE";

#[test]
fn who_suspends_what_stops_for_its_errors_is_who_suspended_it() {
    let mut policy = Policy::default();
    policy.errors_in_a_row = 1;
    let world = World::with_policy(policy);
    let acme = world.tenant("alice", "acme");
    let id = world.active(&acme);
    let slow = Script::hang_then(Script::Succeed(Value::Null));
    world.executor.script(ACTION, slow);
    world.executor.script(ACTION, Script::TimeOut);
    abandon(acme.execute(id, ACTION, Value::Null));
    block_on(acme.execute(id, ACTION, Value::Null)).unwrap();
    let status = block_on(acme.status(id)).unwrap();
    assert_eq!(
        (status.state, status.desired),
        (StateKind::Deactivating, Desired::Running)
    );

    abandon(acme.suspend(id, "until it is mended"));
    let status = block_on(acme.status(id)).unwrap();
    assert_eq!(
        (status.state, status.desired),
        (StateKind::Deactivating, Desired::Suspended)
    );
    let moved = status.moved.unwrap();
    assert_eq!(
        (moved.command, moved.by),
        (CommandKind::Suspend, acme.scope().actor().clone())
    );

    world.pass(100_000);
    let report = block_on(world.manager.recover([crate::world::group("acme")]));
    assert_eq!(report.failed, []);
    let status = block_on(acme.status(id)).unwrap();
    assert_eq!(
        (status.state, status.desired),
        (StateKind::Suspended, Desired::Suspended)
    );
    assert!(status.why.contains("until it is mended"), "{}", status.why);
}
