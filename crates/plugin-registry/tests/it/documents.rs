//! Whole package documents.

use plugin_registry::{FindingTag, PackageVersions, ReleaseStatus, read_json};
use plugin_resolver::PackageName;
use serde_json::{Value, json};

use crate::support::{brief, document, name, package, versions};

#[test]
fn each_broken_version_costs_only_itself() {
    let mut all = document(
        "x",
        &[
            ("1.0.0", json!({})),
            ("1.1.0", json!({"dependencies": {"a": "workspace:*"}})),
        ],
    );
    let listed = all["versions"].as_object_mut().unwrap();
    listed.insert("1.2.0".to_owned(), json!("what"));
    listed.insert("1.3.0".to_owned(), json!({"name": "y", "version": "1.3.0"}));
    listed.insert("1.4.0".to_owned(), json!({"name": "x", "version": "1.4.1"}));
    listed.insert(
        "not a version".to_owned(),
        json!({"name": "x", "version": "1.5.0"}),
    );
    listed.insert(
        "__proto__".to_owned(),
        json!({"name": "x", "version": "1.6.0"}),
    );
    let parsed = versions("x", all);
    let read: Vec<String> = parsed
        .value
        .releases
        .keys()
        .map(ToString::to_string)
        .collect();
    assert_eq!(read, ["1.0.0", "1.1.0"]);
    let broken: Vec<&str> = parsed.value.broken.keys().map(String::as_str).collect();
    assert_eq!(
        broken,
        ["1.2.0", "1.3.0", "1.4.0", "__proto__", "not a version"]
    );
    assert_eq!(parsed.report.warnings.len(), 5);
    let workspace = &parsed.value.plugin_releases()[1];
    assert!(!workspace.installable.is_yes());
}

#[test]
fn tags_times_deprecation_and_readme_are_read() {
    let mut all = document(
        "x",
        &[
            ("1.0.0", json!({"deprecated": "use y"})),
            ("1.1.0", json!({})),
            ("2.0.0-alpha.1", json!({"deprecated": false})),
        ],
    );
    all["dist-tags"] =
        json!({"latest": "1.1.0", "next": "2.0.0-alpha.1", "gone": "9.9.9", "odd": 7});
    all["time"] = json!({"1.0.0": "2025-01-02T03:04:05.678Z", "1.1.0": "never"});
    all["readme"] = json!("# X\nDoes things.");
    let parsed = versions("x", all);
    let tags: Vec<String> = parsed
        .value
        .dist_tags
        .iter()
        .map(|(tag, v)| format!("{tag} {v}"))
        .collect();
    assert_eq!(tags, ["latest 1.1.0", "next 2.0.0-alpha.1"]);
    assert_eq!(
        brief(&parsed.report.warnings),
        ["invalid dist-tags.gone", "invalid dist-tags.odd"]
    );
    let releases = parsed.value.plugin_releases();
    assert_eq!(releases[0].status, ReleaseStatus::Deprecated);
    assert_eq!(releases[0].status_reason.as_deref(), Some("use y"));
    assert_eq!(
        releases[0].published_at.unwrap().to_string(),
        "2025-01-02T03:04:05.678000Z"
    );
    assert_eq!(releases[1].published_at, None);
    assert_eq!(releases[2].status, ReleaseStatus::Published);
    assert_eq!(parsed.value.readme.as_deref(), Some("# X\nDoes things."));
    let latest = parsed.value.latest().unwrap();
    assert_eq!(latest.manifest.version.to_string(), "1.1.0");
    assert!(latest.manifest.readme.is_some());
    let with_readme = parsed
        .value
        .releases
        .values()
        .filter(|r| r.manifest.readme.is_some())
        .count();
    assert_eq!(with_readme, 1);
}

#[test]
fn without_the_tag_the_newest_stable_is_offered_then_the_newest() {
    let latest = |listed: &[&str]| {
        let listed: Vec<_> = listed.iter().map(|v| (*v, json!({}))).collect();
        let parsed = versions("x", document("x", &listed));
        parsed
            .value
            .latest()
            .map(|release| release.manifest.version.to_string())
    };
    assert_eq!(
        latest(&["1.0.0", "1.2.0", "1.10.0", "2.0.0-beta.1"]).as_deref(),
        Some("1.10.0")
    );
    assert_eq!(
        latest(&["2.0.0-alpha.9", "2.0.0-alpha.10"]).as_deref(),
        Some("2.0.0-alpha.10")
    );
    assert_eq!(latest(&[]), None);
}

#[test]
fn a_document_that_is_none_is_refused() {
    for wrong in [
        json!([]),
        json!(null),
        json!("<html>"),
        json!({"name": "y", "versions": {}}),
    ] {
        let error = PackageVersions::from_document(&package("x", wrong.clone())).unwrap_err();
        assert_eq!(error.tag(), "InvalidPluginStructure", "{wrong}");
    }
    // Odd and harmless: nothing in it.
    for odd in [
        json!({}),
        json!({"versions": []}),
        json!({"name": 3, "versions": {}, "time": 7, "dist-tags": []}),
    ] {
        let parsed = versions("x", odd);
        assert!(parsed.value.releases.is_empty());
        assert!(!parsed.report.is_clean());
    }
    assert!(PackageVersions::from_document(&package("../x", json!({}))).is_err());
    let _: PackageName = name("x");
}

#[test]
fn duplicate_keys_and_proto_survive_with_a_warning() {
    let text = br#"{"name": "x", "__proto__": {"name": "evil"}, "name": "y", "a": {"b": 1, "b": 2, "b": 3}, "": 1, "": 2}"#;
    let parsed = read_json("a test", text).unwrap();
    assert_eq!(parsed.value["name"], "y");
    assert_eq!(parsed.value["__proto__"], json!({"name": "evil"}));
    assert_eq!(parsed.value["a"]["b"], 3);
    assert_eq!(
        brief(&parsed.report.warnings),
        [
            "duplicate_key name",
            "duplicate_key a.b",
            "duplicate_key a.b",
            "duplicate_key "
        ]
    );
    assert!(
        parsed
            .report
            .warnings
            .iter()
            .all(|w| w.tag == FindingTag::DuplicateKey)
    );
}

#[test]
fn ten_megabytes_of_nesting_are_refused_by_depth() {
    for open in ["[", "{\"a\":", "[[{\"b\":"] {
        let bomb = open.repeat(10_000_000 / open.len());
        let error = read_json("a bomb", bomb.as_bytes()).unwrap_err();
        assert_eq!(error.tag(), "ParseError");
        assert!(error.to_string().contains("recursion limit"), "{error}");
    }
}

#[test]
fn broken_json_is_one_error_that_names_the_place() {
    let check = |text: &[u8], expected: &str| {
        let error = read_json("the list", text).unwrap_err();
        assert_eq!(error.to_string(), expected);
    };
    check(
        b"{\n \"a\": 1,\n}",
        "`the list` cannot be read: trailing comma at line 3 column 1",
    );
    check(
        b"{\"a\": 1 \"b\": 2}",
        "`the list` cannot be read: expected `,` or `}` at line 1 column 9",
    );
    check(
        b"{\"a\": \"x\ny\"}",
        "`the list` cannot be read: control character (\\u0000-\\u001F) found while parsing a string at line 2 column 0",
    );
    check(
        b"{} x",
        "`the list` cannot be read: trailing characters at line 1 column 4",
    );
    check(
        b"",
        "`the list` cannot be read: EOF while parsing a value at line 1 column 0",
    );
    check(
        b"{\"\xff\": 1}",
        "`the list` cannot be read: invalid unicode code point at line 1 column 3",
    );
    let parsed = read_json("the list", b"\xef\xbb\xbf{}").unwrap();
    assert_eq!(brief(&parsed.report.warnings), ["unusual_form "]);
    assert_eq!(parsed.value, Value::Object(serde_json::Map::new()));
}
