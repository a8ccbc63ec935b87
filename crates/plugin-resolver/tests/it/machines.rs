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
