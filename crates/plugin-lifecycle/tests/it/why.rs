//! What is said of an instance in each state.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::world::{World, person};
use futures::executor::block_on;
use plugin_lifecycle::{
    After, CommandKind, Interrupted, Moved, PluginInstance, Ran, State, StateKind, why,
};

pub(crate) const STATES: &[(State, CommandKind)] = &[
    (State::Discovered, CommandKind::Install),
    (State::Installing, CommandKind::Install),
    (State::Installed, CommandKind::Install),
    (State::Installed, CommandKind::Deactivate),
    (State::Installed, CommandKind::Update),
    (State::Activating, CommandKind::Activate),
    (State::Active, CommandKind::Activate),
    (State::Active, CommandKind::Update),
    (State::Active, CommandKind::Rollback),
    (State::Executing { in_flight: 1 }, CommandKind::Activate),
    (stopping(After::Installed, 2), CommandKind::Deactivate),
    (stopping(After::Suspended, 0), CommandKind::Suspend),
    (stopping(After::Suspended, 0), CommandKind::EndExecution),
    (stopping(After::Uninstalling, 0), CommandKind::Uninstall),
    (State::Suspended, CommandKind::Suspend),
    (State::Suspended, CommandKind::EndExecution),
    (State::Error, CommandKind::Activate),
    (failed(Interrupted::Install), CommandKind::Install),
    (failed(Interrupted::Uninstall), CommandKind::Uninstall),
    (State::Updating { ran: Ran::Active }, CommandKind::Update),
    (
        State::RollingBack { ran: Ran::Active },
        CommandKind::Rollback,
    ),
    (State::Uninstalling, CommandKind::Uninstall),
    (State::Uninstalled, CommandKind::Uninstall),
];

const fn stopping(then: After, in_flight: u32) -> State {
    State::Deactivating { then, in_flight }
}

const fn failed(operation: Interrupted) -> State {
    State::Failed { operation }
}

fn instance() -> PluginInstance {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let id = world.installed(&acme);
    block_on(acme.instance(id)).unwrap().properties
}

#[test]
fn each_state_says_who_brought_it_there_and_what_would_move_it() {
    let mut row = instance();
    let now = row.installed_at.unwrap();
    let mut seen = BTreeSet::new();
    let mut said = Vec::new();
    row.reason = Some("too many words".to_owned());
    for (state, command) in STATES {
        seen.insert(state.kind());
        row.lifecycle = *state;
        row.moved = Some(Moved {
            command: *command,
            by: person("alice").into(),
            at: now,
            wants: None,
        });
        said.push(format!("{}: {}", state.kind(), why(&row, "Alice", now)));
    }
    assert_eq!(seen.len(), StateKind::ALL.len());
    insta::assert_snapshot!(said.join("\n"), @r"
    DISCOVERED: It is in the catalog and not here; `install` brings it.
    INSTALLING: Alice asked to install it, and its packages are being fetched; nobody is at work on it, and `recover` goes on with it; `uninstall` gives it up.
    INSTALLED: Alice installed it, and nobody has started it since; `activate` starts it.
    INSTALLED: Alice stopped it, and nobody has started it since; `activate` starts it.
    INSTALLED: Alice asked for another version, which did not come to run: too many words; it is the one of before, and nobody has started it since; `activate` starts it.
    ACTIVATING: Alice asked to start it, and its runtime is starting; nobody is at work on it, and `recover` goes on with it; `suspend` gives that up.
    ACTIVE: Alice started it, and it waits for somebody to use it; `execute` does, `deactivate` stops it.
    ACTIVE: Alice asked for another version, which did not come to run: too many words; it is the one of before, and it waits for somebody to use it; `execute` does, `deactivate` stops it.
    ACTIVE: Alice changed its version, and it waits for somebody to use it; `execute` does, `deactivate` stops it.
    EXECUTING: Alice started it, and it is at work: 1 execution is under way; `deactivate` stops it.
    DEACTIVATING: Alice asked to stop it; 2 executions are under way; nobody is at work on it, and `recover` goes on with it.
    DEACTIVATING: Alice suspended it: too many words; its runtime is being stopped; nobody is at work on it, and `recover` goes on with it.
    DEACTIVATING: It had too many errors: too many words; its runtime is being stopped; nobody is at work on it, and `recover` goes on with it.
    DEACTIVATING: Alice asked to remove it; its runtime is being stopped; nobody is at work on it, and `recover` goes on with it.
    SUSPENDED: Alice suspended it: too many words; `resume` starts it again.
    SUSPENDED: It was suspended for its errors: too many words; `resume` starts it again.
    ERROR: Its runtime failed: too many words; `activate` tries again, `deactivate` leaves it installed.
    FAILED: Alice asked to install it, and that failed: too many words; `retry` tries again, `uninstall` clears it away.
    FAILED: Alice asked to remove it, and that failed: too many words; `uninstall` tries again.
    UPDATING: Alice asked for another version, and it is being changed; nobody is at work on it, and `recover` goes on with it.
    ROLLING_BACK: Its version is being changed back: too many words; nobody is at work on it, and `recover` goes on with it.
    UNINSTALLING: Alice asked to remove it, and what it had here is being cleared away; nobody is at work on it, and `recover` goes on with it.
    UNINSTALLED: Alice removed it, and its trail stays; `install` brings a new one.
    ");
}

#[test]
fn a_silent_host_and_an_unsure_secret_are_said() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let id = world.active(&acme);
    let mut row = block_on(acme.instance(id)).unwrap().properties;
    assert!(
        block_on(acme.why(id))
            .unwrap()
            .starts_with("Somebody started it")
    );
    row.secrets_unsure.insert("API_KEY".to_owned());
    row.lifecycle = State::Activating;
    let now = row.installed_at.unwrap();
    let said = why(&row, "Alice", now.plus(Duration::from_secs(9)));
    assert!(said.contains("`recover` goes on with it"), "{said}");
    assert!(said.contains("whether the vault took API_KEY"), "{said}");
}
