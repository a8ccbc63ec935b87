use std::collections::BTreeSet;

use xtask::tidy::map::check_text;

fn check(text: &str, expect: &[(usize, &str)]) {
    let crates = BTreeSet::from(["one-ontology", "plugin-resolver", "benches"]);
    let issues = check_text(text, &crates);
    let found: Vec<_> = issues
        .iter()
        .map(|issue| (issue.line, issue.what.as_str()))
        .collect();
    assert_eq!(found, expect, "{text}");
}

const ALL: &str = "`one-ontology`, `crates/plugin-resolver/` and `benches`";

#[test]
fn a_crate_that_is_not_on_the_map_is_found() {
    check(ALL, &[]);
    check("```text\none-ontology plugin-resolver | benches\n```", &[]);
    check(
        "`one-ontology` `plugin-resolver-more` benches",
        &[
            (1, "`benches` is not on the map"),
            (1, "`plugin-resolver` is not on the map"),
            (1, "`plugin-resolver-more` is not a crate of this workspace"),
        ],
    );
}

#[test]
fn a_name_that_is_no_crate_is_found_with_its_line() {
    check(
        &format!("{ALL}\n\nand `plugin-magic`"),
        &[(3, "`plugin-magic` is not a crate of this workspace")],
    );
    check(
        &format!("{ALL}\n```\ncrates/one-magic/src\n```"),
        &[(3, "`one-magic` is not a crate of this workspace")],
    );
}

#[test]
fn prose_patterns_files_and_packages_of_npm_are_left_alone() {
    for text in [
        "a one-page plugin-layer decision",
        "`plugin-store-<db>`, `plugin-*`, `one-*`",
        "`@elizaos/plugin-knowledge` and `plugin-list.json`",
        "`cargo run -p one-ontology -- demo`",
    ] {
        check(&format!("{ALL}\n{text}"), &[]);
    }
}
