//! Settings that have a schema.

use serde_json::json;

use crate::vault::{furnished, key, with};

#[test]
fn what_breaks_a_rule_is_told_and_not_set() {
    let home = furnished();
    let mut page = String::new();
    for line in [
        "config greeter CITY=Ulm",
        "config greeter CITY=Wolfenb\u{fc}ttel",
        "config greeter CITY=ulm",
        "config greeter GREETINGS=[\"hi\",4]",
        "config greeter GREETINGS=hi",
        "config greeter GREETINGS=[\"hi\",\"ho\",\"hu\"] CITY=x",
        "config greeter GREETINGS=[\"hi\"]",
    ] {
        page.push_str(&format!(
            "$ one-plugin {line}\n{}\n\n",
            home.run(line).page()
        ));
    }
    insta::assert_snapshot!("schemas", page.trim_end());
    let set = home.json("config greeter");
    assert_eq!(set["settings"], json!({"CITY": "Ulm", "GREETINGS": ["hi"]}));
}

#[test]
fn a_secret_that_breaks_a_rule_is_neither_kept_nor_repeated() {
    let home = furnished();
    let key = key(&home, "vault.key");
    let line = with(&key, "secrets set greeter GREETER_SALT");
    let refused = home.feed(&line, b"hunter2");
    assert_eq!(refused.code, 3, "{refused:?}");
    assert!(refused.err.contains("minLength: 8"), "{refused:?}");
    assert!(!refused.err.contains("hunter2"), "{refused:?}");
    assert_eq!(home.json("secrets list"), json!([]));
    assert_eq!(home.feed(&line, b"hunter2hunter2").code, 0);
}
