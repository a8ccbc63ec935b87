//! Hosts of which somebody knows that they are gone.

use futures::executor::block_on;
use plugin_lifecycle::{StateKind, TakenWhat, Tenant};
use plugin_runtime_api::Script;
use serde_json::Value;

use crate::abandoned::abandon;
use crate::recover::{Host, left_installing};
use crate::world::World;

fn said_to_be_gone(tenant: &Tenant) -> usize {
    let trail = block_on(tenant.audit_all()).unwrap();
    let said = trail.events.iter();
    said.filter(|event| event.metadata.text("error") == Some("HostGone"))
        .count()
}

#[test]
fn what_they_left_need_not_be_waited_for() {
    let world = World::new();
    let acme = left_installing(&world);
    let other = Host::beside(&world, 2000);
    assert_eq!(other.recover(&["acme"]).taken, []);
    assert_eq!(block_on(acme.presume_gone()).unwrap().len(), 2);
    let report = other.recover(&["acme"]);
    assert_eq!(
        (report.taken.len(), report.left.len()),
        (1, 0),
        "{report:?}"
    );
    for plugin in block_on(acme.list_installed()).unwrap() {
        assert_eq!(plugin.state, StateKind::Installed);
    }
    // Nobody is at work any more: there is nothing to say, and nothing is written.
    assert_eq!(block_on(acme.presume_gone()).unwrap(), []);
    assert_eq!(said_to_be_gone(&acme), 2);
}

#[test]
fn their_executions_end_and_make_room() {
    let world = World::new();
    let globex = world.tenant("gil", "globex");
    let instance = world.active(&globex);
    let hanging = Script::hang_then(Script::Succeed(Value::Null));
    world.executor.script("SEARCH_KNOWLEDGE", hanging);
    abandon(globex.execute(instance, "SEARCH_KNOWLEDGE", Value::Null));
    assert_eq!(block_on(globex.presume_gone()).unwrap(), [instance]);
    let report = Host::beside(&world, 2000).recover(&["globex"]);
    let [taken] = &report.taken[..] else {
        panic!("{report:?}");
    };
    assert_eq!(taken.what, TakenWhat::Unknown { executions: 1 });
    assert_eq!(taken.to, StateKind::Active);
    block_on(globex.execute(instance, "SEARCH_KNOWLEDGE", Value::Null)).unwrap();
}

#[test]
fn only_owners_say_so_and_only_of_their_organisation() {
    let world = World::new();
    let acme = left_installing(&world);
    let globex = world.tenant("gil", "globex");
    assert_eq!(block_on(globex.presume_gone()).unwrap(), []);
    let user = world.tenant("uma", "acme");
    assert_eq!(
        block_on(user.presume_gone()).unwrap_err().tag(),
        "OperationDenied"
    );
    assert_eq!(said_to_be_gone(&acme), 0);
    assert_eq!(Host::beside(&world, 2000).recover(&["acme"]).taken, []);
}
