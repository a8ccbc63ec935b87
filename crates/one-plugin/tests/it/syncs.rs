//! The catalog: where its facts come from is always said.

use crate::program::Home;

#[test]
fn offline_the_facts_of_the_program_are_used_as_often_as_wanted() {
    let home = Home::new();
    let first = home.json("sync");
    assert!(
        first["from"]
            .as_str()
            .unwrap()
            .contains("--offline was given"),
        "{first}"
    );
    assert!(first["created"].as_u64().unwrap() > 30, "{first}");
    assert!(first["change_sets"].as_u64().unwrap() > 0);
    let again = home.json("sync");
    assert_eq!(
        (&again["created"], &again["updated"]),
        (&0.into(), &0.into())
    );
    assert_eq!(
        again["change_sets"], 0,
        "a second sync of the same facts writes nothing"
    );
}

#[test]
fn without_a_network_it_says_why_the_facts_are_its_own_and_spends_no_sync() {
    let home = Home::new().without_network();
    for _ in 0..2 {
        let answer = home.json("sync");
        let from = answer["from"].as_str().unwrap();
        assert!(from.contains("this program's own facts of 20"), "{from}");
        assert!(from.contains("the network gave no answer"), "{from}");
    }
}

#[test]
fn a_search_finds_and_shows_what_the_program_knows() {
    let home = Home::new();
    let ran = home.run("search knowledge");
    assert!(ran.err.contains("the catalog was empty"), "{ran:?}");
    assert!(ran.out.starts_with("@elizaos/plugin-knowledge "), "{ran:?}");
    let again = home.run("search knowledge --json");
    assert_eq!(again.err, "", "it is filled once");
    let hits: serde_json::Value = serde_json::from_str(&again.out).unwrap();
    assert_eq!(hits.as_array().unwrap().len(), 1);
    assert_eq!(
        home.ok("search zzzzzz"),
        "nothing in the catalog fits `zzzzzz`\n"
    );
    assert!(
        home.ok("search --near talk on telegram")
            .contains("@elizaos/plugin-telegram")
    );
    insta::assert_snapshot!("show", home.ok("show knowledge"));
}
