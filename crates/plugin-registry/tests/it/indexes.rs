//! Lists of plugins in every shape, with every oddity that was met.

use plugin_registry::{IndexShape, Installability, Line, Origin, Parsed, RegistryIndex};
use serde_json::{Value, json};

use crate::support::{brief, name};

fn parse(text: &str) -> Parsed<RegistryIndex> {
    RegistryIndex::parse(text.as_bytes()).unwrap()
}

fn one(shape: IndexShape, document: Value) -> (plugin_registry::IndexEntry, Vec<String>) {
    let parsed = parse(&document.to_string());
    assert_eq!(parsed.value.shape, shape);
    assert!(parsed.value.broken.is_empty(), "{:?}", parsed.value.broken);
    let entry = parsed.value.entries.into_values().next().unwrap();
    (entry, brief(&parsed.report.warnings))
}

#[test]
fn the_flat_index_with_everything_that_was_ever_in_it() {
    let parsed = parse(
        r#"{
        "": "Plugins of the project",
        "@elizaos/plugin-sql": "github:elizaos-plugins/plugin-sql",
        "": "Plugins of others",
        "@kamiyo/eliza": "github:kamiyo-ai/kamiyo-protocol#main:packages/kamiyo-eliza",
        "plugin-local": "./packages/plugin-local",
        "plugin-address": "github.com/o/r",
        "plugin-ssh": "github.com:o/r2.git",
        "plugin-npm": "npm:@other/name@^1",
        "plugin-nested": {"repo": "github:o/nested"},
        "plugin-upper.Case": "github:O/Upper",
        "plugin-broken": 7,
        "plugin-empty": "",
        "plugin-object": {"x": 1},
        "../evil": "github:o/r",
        "__proto__": "github:o/r",
        "plugin-twice": "github:o/first",
        "plugin-twice": "github:o/second",
        " plugin-space ": "github:o/space"
    }"#,
    );
    assert_eq!(parsed.value.shape, IndexShape::Flat);
    let listed: Vec<String> = parsed
        .value
        .entries
        .values()
        .map(|entry| {
            let place = entry
                .repository
                .as_ref()
                .map_or("-".to_owned(), ToString::to_string);
            format!("{} | {} | {place}", entry.name, entry.npm_package)
        })
        .collect();
    insta::assert_snapshot!(listed.join("\n"), @r"
    @elizaos/plugin-sql | @elizaos/plugin-sql | github:elizaos-plugins/plugin-sql
    @kamiyo/eliza | @kamiyo/eliza | github:kamiyo-ai/kamiyo-protocol#main:packages/kamiyo-eliza
    plugin-address | plugin-address | github:o/r
    plugin-local | plugin-local | -
    plugin-nested | plugin-nested | github:o/nested
    plugin-npm | @other/name | -
    plugin-space | plugin-space | github:o/space
    plugin-ssh | plugin-ssh | github:o/r2
    plugin-twice | plugin-twice | github:o/second
    plugin-upper.Case | plugin-upper.Case | github:O/Upper
    ");
    let broken: Vec<&str> = parsed.value.broken.keys().map(String::as_str).collect();
    assert_eq!(
        broken,
        [
            "../evil",
            "__proto__",
            "plugin-broken",
            "plugin-empty",
            "plugin-object"
        ]
    );
    // Nothing odd goes unsaid.
    let warnings = brief(&parsed.report.warnings);
    for expected in [
        "comment ",
        "duplicate_key ",
        "duplicate_key plugin-twice",
        "unusual_form @kamiyo/eliza",
        "unusual_form plugin-local",
        "unusual_form plugin-address",
        "unusual_form plugin-ssh",
        "unusual_form plugin-npm",
        "unusual_form plugin-nested",
        "unusual_form  plugin-space ",
        "wrong_type plugin-broken",
        "invalid ../evil",
    ] {
        assert!(
            warnings.iter().any(|w| w == expected),
            "{expected:?} is missing in {warnings:#?}"
        );
    }
    assert!(parsed.report.errors.is_empty());
    assert!(
        parsed
            .value
            .entries
            .values()
            .all(|entry| !entry.installable.is_yes())
    );
}

fn legacy(entry: Value) -> Value {
    json!({"lastUpdatedAt": "2026-04-22T00:00:00Z", "registry": {"@elizaos/plugin-x": entry}})
}

#[test]
fn shape_a_is_read_and_what_it_supports_is_worked_out_anew() {
    let (entry, warnings) = one(
        IndexShape::Legacy,
        legacy(json!({
            "git": {"repo": "elizaos-plugins/plugin-x",
                "v0": {"version": "v0.25.9", "branch": "0.x"}, "v1": {"version": null, "branch": "1.x"}, "alpha": {"version": null, "branch": null}},
            "npm": {"repo": "@elizaos/plugin-x", "v0": "0.25.6-alpha.1", "v1": "1.0.2", "alpha": null,
                "v0CoreRange": "0.25.6-alpha.1", "v1CoreRange": "latest", "alphaCoreRange": null},
            "supports": {"v0": true, "v1": false, "alpha": false},
            "description": null, "homepage": "", "topics": ["defi", 3], "stargazers_count": 2, "language": "TypeScript",
        })),
    );
    let supports: Vec<Line> = entry.supports().collect();
    assert_eq!(supports, [Line::V0, Line::V1]);
    assert_eq!(
        warnings,
        [
            "wrong_type @elizaos/plugin-x.topics",
            "recomputed @elizaos/plugin-x.supports.v1"
        ]
    );
    insta::assert_snapshot!(serde_json::to_string_pretty(&entry).unwrap());
}

#[test]
fn an_entry_without_any_version_comes_out_and_is_not_installable() {
    let (entry, warnings) = one(
        IndexShape::Legacy,
        legacy(json!({
            "git": {"repo": "1BDO/plugin-delta", "v0": {"version": null, "branch": null}},
            "npm": {"repo": "@elizaos/plugin-x", "v0": null, "v1": null, "alpha": null},
            "supports": {"v0": false, "v1": false, "alpha": false},
        })),
    );
    assert!(warnings.is_empty(), "{warnings:?}");
    let Installability::No { reasons } = entry.installable else {
        panic!("installable");
    };
    assert_eq!(
        reasons[0].to_string(),
        "`versions` are missing: nothing of it is on npm"
    );
}

#[test]
fn an_entry_that_only_asks_for_a_workspace_is_not_installable() {
    let (entry, warnings) = one(
        IndexShape::Legacy,
        legacy(
            json!({"npm": {"repo": "@elizaos/plugin-x", "v1": "1.0.0", "v1CoreRange": "workspace:*"}, "supports": {"v1": false}}),
        ),
    );
    assert_eq!(
        warnings,
        ["published_workspace @elizaos/plugin-x.npm.v1CoreRange"]
    );
    assert_eq!(entry.supports().count(), 0);
    let Installability::No { reasons } = entry.installable else {
        panic!("installable");
    };
    assert_eq!(
        reasons[0].to_string(),
        "`v1` has only 1.0.0, which asks for core `workspace:*`: npm cannot install it"
    );
}

#[test]
fn a_version_in_the_wrong_slot_goes_to_its_line() {
    let (entry, warnings) = one(
        IndexShape::Legacy,
        legacy(
            json!({"npm": {"repo": "@elizaos/plugin-x", "alpha": "1.4.0", "v1": "1.0.0"}, "supports": {"alpha": true, "v1": true}}),
        ),
    );
    assert_eq!(
        entry.lines[&Line::V1].npm.as_ref().unwrap().to_string(),
        "1.4.0"
    );
    assert_eq!(
        warnings,
        [
            "recomputed @elizaos/plugin-x.npm.alpha",
            "recomputed @elizaos/plugin-x.supports.alpha"
        ]
    );
}

#[test]
fn shape_b_adds_origin_and_kind() {
    let (entry, warnings) = one(
        IndexShape::Versioned,
        json!({
            "schemaVersion": 2, "generatedFrom": "packages", "counts": {"plugins": 1}, "lastUpdatedAt": "2026-05-01",
            "registry": {"@elizaos/plugin-x": {
                "git": {"repo": "elizaOS/eliza", "v2": {"version": null, "branch": "develop"}},
                "npm": {"repo": "@elizaos/plugin-x", "v2": "2.0.0-alpha.7", "v2CoreRange": "2.0.0-alpha.3"},
                "supports": {"v0": false, "v1": false, "v2": true},
                "origin": "first-party", "source": "workspace", "support": "community", "builtIn": true, "firstParty": true,
                "thirdParty": false, "status": "active", "kind": "connector", "directory": "packages/plugin-x", "app": null,
                "surprise": 1,
            }},
        }),
    );
    assert_eq!(warnings, ["unknown @elizaos/plugin-x.surprise"]);
    assert_eq!(entry.origin, Some(Origin::FirstParty));
    assert_eq!(entry.kind.unwrap().as_str(), "connector");
    assert_eq!(
        entry.repository.unwrap().to_string(),
        "github:elizaOS/eliza#:packages/plugin-x"
    );
    assert_eq!(
        entry.lines[&Line::V2].npm.as_ref().unwrap().to_string(),
        "2.0.0-alpha.7"
    );
}

#[test]
fn shape_c_has_no_core_ranges_and_is_not_believed_about_v2() {
    let (entry, warnings) = one(
        IndexShape::Generated,
        json!({"registry": {"@elizaos/plugin-x": {
            "git": {"repo": "elizaOS/eliza", "v0": {"branch": null}, "v1": {"branch": "1.x"}, "v2": {"branch": "develop"}},
            "npm": {"repo": "@elizaos/plugin-x", "v0": null, "v1": "1.0.0", "v2": null},
            "supports": {"v0": false, "v1": true, "v2": true},
        }}}),
    );
    assert_eq!(entry.supports().collect::<Vec<_>>(), [Line::V1]);
    assert_eq!(entry.lines[&Line::V2].branch.as_deref(), Some("develop"));
    assert_eq!(warnings, ["recomputed @elizaos/plugin-x.supports.v2"]);
}

#[test]
fn one_broken_entry_never_costs_another() {
    for broken in [json!(null), json!([]), json!("x"), json!(1)] {
        let parsed = parse(
            &json!({"lastUpdatedAt": "x", "registry": {"good": {"npm": {"v1": "1.0.0"}}, "bad": broken}}).to_string(),
        );
        assert_eq!(
            parsed.value.entries.keys().collect::<Vec<_>>(),
            [&name("good")]
        );
        assert_eq!(parsed.value.broken.keys().collect::<Vec<_>>(), ["bad"]);
    }
    // Wrong inside costs what is wrong, not the entry.
    for wrong in [
        json!(null),
        json!([]),
        json!("x"),
        json!(1),
        json!({"a": {"b": {}}}),
    ] {
        let fields = [
            "git",
            "npm",
            "supports",
            "description",
            "homepage",
            "topics",
            "stargazers_count",
            "language",
            "origin",
            "status",
            "kind",
            "directory",
        ];
        let entry: serde_json::Map<String, Value> = fields
            .iter()
            .map(|f| ((*f).to_owned(), wrong.clone()))
            .collect();
        let parsed = parse(&json!({"registry": {"x": entry}}).to_string());
        assert_eq!(parsed.value.entries.len(), 1, "{wrong}");
    }
}

#[test]
fn a_wholly_broken_document_is_one_clear_error() {
    let check = |text: &str, expected: &str| {
        let error = RegistryIndex::parse(text.as_bytes()).unwrap_err();
        assert_eq!(error.tag(), "ParseError");
        assert_eq!(error.to_string(), expected);
    };
    check(
        "[]",
        "`the list of plugins` cannot be read: it is a list where an object should be",
    );
    check(
        "<html>",
        "`the list of plugins` cannot be read: expected value at line 1 column 1",
    );
    check(
        r#"{"message": "Not Found", "status": "404"}"#,
        "`the list of plugins` cannot be read: none of its entries can be read; the first: `` is left out: `Not Found` is not a repository such as `github:owner/name`",
    );
    check(
        "{\n  \"a\": \"github:o/r\"\n  \"b\": \"github:o/s\"\n}",
        "`the list of plugins` cannot be read: expected `,` or `}` at line 3 column 3",
    );
}

#[test]
fn names_and_repositories_that_collide_are_said() {
    let parsed = parse(
        r#"{"@elizaos/plugin-lensnetwork": "github:a/b", "@elizaos/plugin-lensNetwork": "github:A/B", "plugin-x": "github:c/d"}"#,
    );
    assert_eq!(
        brief(&parsed.report.warnings),
        [
            "collision @elizaos/plugin-lensnetwork",
            "collision @elizaos/plugin-lensnetwork"
        ]
    );
}

#[test]
fn an_entry_survives_storing() {
    let (entry, _) = one(
        IndexShape::Legacy,
        legacy(json!({
            "git": {"repo": "o/r", "v1": {"version": "v1.0.0", "branch": "main"}},
            "npm": {"v0": "0.25.9", "v0CoreRange": "workspace:*", "v1": "1.0.0"}, "kind": "gadget", "thirdParty": true,
        })),
    );
    let text = serde_json::to_string(&entry).unwrap();
    let back: plugin_registry::IndexEntry = serde_json::from_str(&text).unwrap();
    assert_eq!(back, entry);
}
