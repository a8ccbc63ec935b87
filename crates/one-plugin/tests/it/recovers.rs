//! Looking after what hosts that went silent left.

use crate::program::Home;

#[test]
fn a_status_says_why_and_a_recovery_finds_nothing_to_do() {
    let home = Home::new();
    home.ok("install notes");
    let installed = home.ok("status notes");
    assert!(installed.contains("INSTALLED"), "{installed}");
    assert!(
        installed.contains("owner installed it") && installed.contains("`activate` starts it"),
        "{installed}"
    );
    home.ok("activate notes");
    assert!(home.ok("status").contains("owner started it"));
    let nothing = home.ok("recover");
    assert_eq!(
        nothing.trim(),
        "nothing was left under way\n1 plugin looked at"
    );
    let report: serde_json::Value =
        serde_json::from_str(&home.ok("recover --below --json")).unwrap();
    assert_eq!(report["looked_at"], 1);
    assert_eq!(report["taken"], serde_json::json!([]));
}
