//! What the presets of permissions allow.

use std::fmt::Write as _;

use plugin_runtime_api::{Permission, PermissionPreset, Permissions};

#[test]
fn the_presets_are_these() {
    let mut table = String::new();
    for permission in Permission::ALL {
        write!(table, "{:<17}", permission.as_str()).unwrap();
        for preset in PermissionPreset::ALL {
            let allowed = Permissions::preset(*preset).allow(*permission);
            let cell = if allowed { preset.as_str() } else { "-" };
            write!(table, " {cell:<9}").unwrap();
        }
        table = table.trim_end().to_owned() + "\n";
    }
    insta::assert_snapshot!(table, @r"
    network.external  -         connected full
    storage.read      read_only connected full
    storage.write     -         connected full
    secrets.access    -         -         full
    events.publish    -         connected full
    knowledge.query   read_only connected full
    ");
}

#[test]
fn what_is_missing_is_named_in_order() {
    let required = Permissions::preset(PermissionPreset::Full);
    let granted = Permissions::preset(PermissionPreset::ReadOnly);
    assert_eq!(
        granted.missing(&required).to_string(),
        "network.external, storage.write, secrets.access, events.publish"
    );
    assert!(required.missing(&granted).is_empty());
    assert!(Permissions::none().is_empty());
}
