//! Telling a plugin what happens, from one run of the program to the next.

use serde_json::json;

use crate::program::Home;

#[test]
fn a_plugin_is_told_once_of_what_happened_in_earlier_runs() {
    let home = Home::new();
    home.ok("install notes");
    home.ok("activate notes");
    let told = "events subscribe notes plugin_configured --component";
    let nobody = home.run(&format!("{told} NOBODY"));
    assert_eq!(nobody.code, 3, "{nobody:?}");
    assert!(nobody.err.contains("no event component"), "{nobody:?}");
    let row = home.json(&format!("{told} NOTE_EVENT"));
    let id = row["id"].as_str().unwrap();
    home.ok("config notes NOTES_LIMIT=3");
    // That it was subscribed is told, too: it is a configuration.
    let report = home.json("events dispatch");
    assert_eq!(report["subscriptions"][0]["delivered"], 2, "{report}");
    assert!(
        home.ok("exec notes NOTE_COUNT --kind provider")
            .contains("2 notes")
    );
    assert_eq!(
        home.ok("events dispatch").trim(),
        "there was nothing to tell\n1 subscription looked at"
    );
    let from = row["properties"]["cursor"].as_u64().unwrap();
    home.ok(&format!("events replay {id} --from {from}"));
    assert!(home.ok("events dispatch").contains("3 delivered"));
    // Being told again of the same makes the same notes.
    assert!(
        home.ok("exec notes NOTE_COUNT --kind provider")
            .contains("3 notes")
    );
    let list = home.ok("events list");
    assert!(
        list.contains(id) && list.contains("5 delivered, 0 given up"),
        "{list}"
    );
    assert_eq!(home.json("events dead"), json!([]));
    home.ok(&format!("events unsubscribe {id}"));
    assert_eq!(
        home.ok("events list").trim(),
        "nobody is subscribed to anything"
    );
    let gone = home.run(&format!("events unsubscribe {id}"));
    assert_eq!(gone.code, 4, "{gone:?}");
}
