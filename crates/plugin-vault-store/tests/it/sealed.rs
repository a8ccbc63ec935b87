//! What is kept says nothing, and cannot be moved.

use futures::executor::block_on;
use plugin_runtime_api::Vault as _;
use plugin_testkit::vault::organisation;
use serde_json::json;

use crate::rig::{Rig, SECRET, leased, name, put};

const ALTERED: &str = "the vault is unavailable: what is kept is not what was sealed";

fn everything(rig: &Rig) -> String {
    let kinds = ["vault_key", "vault_secret", "vault_end"];
    let rows = kinds.map(|kind| rig.rows("acme", kind));
    serde_json::to_string(&(rows, rig.events("acme"))).unwrap()
}

#[test]
fn no_secret_is_in_rows_events_or_debug() {
    let rig = Rig::new();
    let vault = rig.vault();
    let name = name("acme", "a", "KEY");
    put(&vault, &name, SECRET);
    leased(&vault, &name).unwrap();
    block_on(vault.rotate(name.group)).unwrap();
    let kept = everything(&rig);
    let hex: String = SECRET.bytes().map(|byte| format!("{byte:02x}")).collect();
    assert!(!kept.contains(SECRET) && !kept.contains(&hex), "{kept}");
    assert!(kept.contains("KEY"), "the search would find nothing at all");
    assert!(!format!("{vault:?}").contains(crate::rig::FIRST));
}

#[test]
fn each_lease_is_in_the_trail_before_the_secret_is_given() {
    let rig = Rig::new();
    let vault = rig.vault();
    let name = name("acme", "a", "KEY");
    put(&vault, &name, SECRET);
    leased(&vault, &name).unwrap();
    leased(&vault, &name).unwrap();
    let events = rig.events("acme");
    let accessed = events
        .iter()
        .filter(|event| event.event_type.as_str() == "plugin_secret_accessed");
    let accessed: Vec<_> = accessed.collect();
    assert_eq!(accessed.len(), 2);
    assert_eq!(accessed[0].target, Some(name.instance.into()));
    assert_eq!(accessed[0].metadata.text("parameter"), Some("KEY"));
    assert_eq!(accessed[0].metadata.get("secret_version"), Some(&json!(1)));
}

#[test]
fn what_is_moved_elsewhere_or_back_does_not_open() {
    let rig = Rig::new();
    let vault = rig.vault();
    let names = [
        name("acme", "a", "KEY"),
        name("acme", "a", "OTHER"),
        name("acme", "b", "KEY"),
    ];
    put(&vault, &names[0], SECRET);
    let first = rig.rows("acme", "vault_secret")[0].clone();
    let sealed = first.properties.get("sealed").unwrap().clone();
    put(&vault, &names[0], "the second");
    put(&vault, &names[1], "of another name");
    put(&vault, &names[2], "of another instance");
    // The one of before in the place of each, with and without its version.
    for row in rig.rows("acme", "vault_secret") {
        let mut forged = row.clone();
        forged.properties = forged.properties.with("sealed", sealed.clone());
        rig.forge(forged);
    }
    for name in &names {
        assert_eq!(leased(&vault, name), Err(ALTERED.to_owned()), "{name:?}");
    }
}

#[test]
fn what_was_changed_by_a_bit_does_not_open() {
    let rig = Rig::new();
    let vault = rig.vault();
    let name = name("acme", "a", "KEY");
    put(&vault, &name, SECRET);
    let row = rig.rows("acme", "vault_secret")[0].clone();
    let sealed = row.properties.text("sealed").unwrap().to_owned();
    for at in [0, 24, sealed.len() - 1] {
        let row = rig.rows("acme", "vault_secret")[0].clone();
        let mut changed = sealed.clone().into_bytes();
        changed[at] = if changed[at] == b'0' { b'1' } else { b'0' };
        let changed = String::from_utf8(changed).unwrap();
        let mut forged = row;
        forged.properties = forged.properties.with("sealed", changed);
        rig.forge(forged);
        assert_eq!(leased(&vault, &name), Err(ALTERED.to_owned()), "{at}");
    }
    for nothing in ["", "00", "zz"] {
        let mut forged = rig.rows("acme", "vault_secret")[0].clone();
        forged.properties = forged.properties.with("sealed", nothing);
        rig.forge(forged);
        assert_eq!(leased(&vault, &name), Err(ALTERED.to_owned()));
    }
}

#[test]
fn what_is_destroyed_leaves_no_sealed_text() {
    let rig = Rig::new();
    let vault = rig.vault();
    for parameter in ["A", "B"] {
        put(&vault, &name("acme", "a", parameter), SECRET);
    }
    let instance = name("acme", "a", "A").instance;
    block_on(vault.destroy(organisation("acme"), instance)).unwrap();
    let rows = rig.rows("acme", "vault_secret");
    assert_eq!(rows.len(), 2);
    for row in rows {
        assert_eq!(row.properties.text("sealed"), Some(""));
    }
}
