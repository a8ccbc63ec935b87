//! The machine interfaces, line by line.

use plugin_resolver::machine::{answer_ranges_line, answer_resolve_line};

#[test]
fn ranges_lines() {
    let rows: Vec<String> = [
        r#"{"range": "^1.0.0", "versions": ["1.2.3", "2.0.0", "1.2.3-beta", "nonsense"], "include_prerelease": false}"#,
        r#"{"range": "^1.0.0", "versions": ["1.2.3-beta"], "include_prerelease": true}"#,
        r#"{"range": "", "versions": []}"#,
        r#"{"range": "latest", "versions": ["1.0.0"]}"#,
        r#"{"range": 1, "versions": ["1.0.0"]}"#,
        r#"{"versions": ["1.0.0"]}"#,
        r#"{"range": "^1", "versions": "1.0.0"}"#,
        "",
        "[",
        "nonsense",
    ]
    .iter()
    .map(|line| answer_ranges_line(line))
    .collect();
    insta::assert_snapshot!(rows.join("\n"));
}

#[test]
fn resolve_lines() {
    let rows: Vec<String> = [
        r#"{"id": "s", "packages": {"a": {"1.0.0": {"b": "^1"}}, "b": {"1.0.0": {"a": "*"}, "1.1.0": {"c": "1"}, "2.0.0": {}}, "c": {"1.0.0": {}}}, "root": {"a": "*"}}"#,
        r#"{"id": "cycle", "packages": {"a": {"1.0.0": {"b": "^1"}}, "b": {"1.0.0": {"a": "*"}}}, "root": {"a": "*"}}"#,
        r#"{"id": "conflict", "packages": {"a": {"1.0.0": {"c": "^1"}}, "b": {"1.0.0": {"c": "^2"}}, "c": {"1.0.0": {}, "2.0.0": {}}}, "root": {"a": "*", "b": "*"}}"#,
        r#"{"id": "empty", "packages": {"a": {}}, "root": {"a": "*"}}"#,
        r#"{"id": "missing", "packages": {}, "root": {"a": "*"}}"#,
        r#"{"id": 7, "packages": {}, "root": {}}"#,
        r#"{"id": "tag", "packages": {"a": {"1.0.0": {}}}, "root": {"a": "latest"}}"#,
        r#"{"id": "version", "packages": {"a": {"1.0": {}}}, "root": {"a": "*"}}"#,
        r#"{"id": "name", "packages": {"../a": {"1.0.0": {}}}, "root": {}}"#,
        r#"{"id": "shape", "packages": [], "root": {}}"#,
        r#"{"packages": {}, "root": {}}"#,
        "nonsense",
    ]
    .iter()
    .map(|line| answer_resolve_line(line))
    .collect();
    insta::assert_snapshot!(rows.join("\n"));
}

#[test]
fn what_a_release_needs_and_nothing_meets() {
    let case = |needs: &str| {
        format!(
            r#"{{"id": 1, "packages": {{"a": {{"1.0.0": {{"b": "1"}}, "1.1.0": {{"b": {needs}}}}}, "b": {{"1.0.0": {{}}}}}}, "root": {{"a": "ROOT"}}}}"#
        )
    };
    let rows: Vec<String> = [
        "latest",
        "next",
        "workspace:*",
        "npm:b@^1",
        "npm:c@^1",
        "npm:",
        "github:owner/repo",
        "../b",
        ">>1",
        "1.2.3.4",
        r"not \n\u001b a range",
        " ",
        "2",
    ]
    .iter()
    .map(|needs| {
        let line = case(&format!("\"{needs}\""));
        let both = answer_resolve_line(&line.replace("ROOT", "^1"));
        let newest = answer_resolve_line(&line.replace("ROOT", "1.1.0"));
        format!("{needs}\n  {both}\n  {newest}")
    })
    .collect();
    insta::assert_snapshot!(rows.join("\n"));
}

#[test]
fn what_nobody_selects_may_need_anything() {
    let line =
        r#"{"packages": {"a": {"1.0.0": {}}, "z": {"1.0.0": {"a": ">>"}}}, "root": {"a": "*"}}"#;
    assert_eq!(
        answer_resolve_line(line),
        r#"{"id":null,"order":[["a"]],"outcome":"solution","selection":{"a":"1.0.0"}}"#
    );
}

#[test]
fn what_cannot_be_understood_says_where() {
    let rows: Vec<String> = [
        r#"{"id": "root tag", "packages": {"a": {"1.0.0": {}}}, "root": {"a": "latest"}}"#,
        r#"{"id": "root range", "packages": {"a": {"1.0.0": {}}}, "root": {"a": ">>1"}}"#,
        r#"{"id": "root name", "packages": {}, "root": {"../a": "1"}}"#,
        r#"{"id": "name", "packages": {"_a": {}}, "root": {}}"#,
        r#"{"id": "version", "packages": {"a": {"1.0.0": {}, "one": {}}}, "root": {}}"#,
        r#"{"id": "dependency", "packages": {"a": {"1.0.0": {"a b": "1"}}}, "root": {}}"#,
        r#"{"id": "two packages", "packages": {"b": {}, "a": {"1.0.0": {}}, "b": {}}, "root": {}}"#,
        r#"{"id": "two packages, escaped", "packages": {"b": {}, "b": {}}, "root": {}}"#,
        r#"{"id": "two versions", "packages": {"a": {"1.0.0": {}, "1.0.0": {"b": "1"}}}, "root": {}}"#,
        r#"{"id": "two spellings", "packages": {"a": {"v1.0.0": {}, "1.0.0": {"b": "1"}}}, "root": {}}"#,
        r#"{"id": "two needs", "packages": {"a": {"1.0.0": {"b": "1", "b": "2"}}}, "root": {}}"#,
        r#"{"id": "two roots", "packages": {}, "root": {"b": "1", "b": "1"}}"#,
        r#"{"id": "two members", "packages": {}, "root": {}, "root": {}}"#,
        r#"{"id": "no text", "packages": {"a": {"1.0.0": {"b": 1}}}, "root": {}}"#,
        r#"["list", {}, {}]"#,
    ]
    .iter()
    .map(|line| answer_resolve_line(line))
    .collect();
    insta::assert_snapshot!(rows.join("\n"));
    let alternatives = "1||".repeat(2_000);
    let line =
        format!(r#"{{"packages": {{"a": {{"1.0.0": {{"b": "{alternatives}"}}}}}}, "root": {{}}}}"#);
    insta::assert_snapshot!("what_is_too_large_says_where", answer_resolve_line(&line));
}

#[test]
fn a_list_is_no_case() {
    let answer = answer_ranges_line(r#"["^1", ["1.0.0"], false]"#);
    assert_eq!(
        answer,
        r#"{"error":{"_tag":"InvalidCase","message":"the case cannot be read: expected an object, not a list"},"valid":false}"#
    );
}

#[test]
fn hostile_lines_are_answered() {
    for line in [
        "[".repeat(1_000_000),
        "{\"id\":".repeat(100_000),
        format!(
            "{{\"range\": \"{}\", \"versions\": []}}",
            "1||".repeat(400_000)
        ),
    ] {
        assert!(answer_ranges_line(&line).starts_with(r#"{"error":"#));
        assert!(answer_resolve_line(&line).contains(r#""outcome":"invalid""#));
    }
}

/// Ranges times versions are no search, and yet end.
#[test]
fn a_case_of_too_many_ranges_and_versions_is_given_up() {
    let case = |count: usize, distinct: usize| {
        let list =
            |one: &dyn Fn(usize) -> String| (0..count).map(one).collect::<Vec<_>>().join(",");
        let needed = list(&|at| format!(r#""1.0.{at}":{{}}"#));
        let needing = list(&|at| format!(r#""1.0.{at}":{{"b":"<=1.0.{}"}}"#, at % distinct));
        format!(
            r#"{{"id":1,"packages":{{"a":{{{needing}}},"b":{{{needed}}}}},"root":{{"a":"*"}}}}"#
        )
    };
    // A hundred million comparisons and more, by lines of less than a megabyte.
    let given_up = r#"{"id":1,"outcome":"budget"}"#;
    assert_eq!(answer_resolve_line(&case(12_000, 12_000)), given_up);
    let alias = case(12_000, 12_000).replace("<=", "npm:b@<=");
    assert_eq!(answer_resolve_line(&alias), given_up);
    // The same text is looked at once.
    let answer = answer_resolve_line(&case(12_000, 20));
    assert!(
        answer.contains(r#""outcome":"solution","selection":{"a":"1.0.11999","b":"1.0.19"}"#),
        "{answer}"
    );
}
