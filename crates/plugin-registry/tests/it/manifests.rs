//! A package.json, tolerantly read.

use plugin_registry::{Category, DependencyKind, Installability, Manifest, RegistryError};
use plugin_resolver::Spec;
use serde_json::{Value, json};

use crate::support::{brief, manifest, package_json};

#[test]
fn a_real_shape_is_read_without_a_finding() {
    let parsed = manifest(json!({
        "name": "@elizaos/plugin-knowledge",
        "version": "1.6.1",
        "description": "Plugin for\n  Knowledge",
        "keywords": ["plugin", "elizaos"],
        "license": "MIT",
        "repository": {"type": "git", "url": "git+https://github.com/elizaos-plugins/plugin-knowledge.git"},
        "dependencies": {"@elizaos/core": "^1.7.0", "zod": "3.25.76"},
        "peerDependencies": {"whatwg-url": "7.1.0"},
        "agentConfig": {
            "pluginType": "elizaos:plugin:1.0.0",
            "pluginParameters": {
                "OPENAI_API_KEY": {"type": "string", "description": "A key", "required": false, "sensitive": true},
                "EMBEDDING_DIMENSION": {"type": "number", "default": 1536, "sensitive": false},
            },
        },
        "engines": {"node": ">=20"},
        "dist": {"integrity": "sha512-abc=", "unpackedSize": 123_456},
    }));
    assert!(parsed.report.is_clean(), "{}", parsed.report);
    insta::assert_snapshot!(serde_json::to_string_pretty(&parsed.value).unwrap());
}

#[test]
fn without_a_name_or_version_there_is_nothing() {
    let check = |package_json: Value, expected: &[&str]| {
        let error = Manifest::from_npm(&package_json, None).unwrap_err();
        let RegistryError::InvalidPluginStructure { report, .. } = &error else {
            panic!("{error}");
        };
        assert_eq!(brief(&report.errors), expected, "{package_json}");
    };
    check(json!({}), &["missing name", "missing version"]);
    check(json!({"name": "x", "version": null}), &["missing version"]);
    check(
        json!({"name": 1, "version": ["1.0.0"]}),
        &["wrong_type name", "wrong_type version"],
    );
    check(
        json!({"name": "../x", "version": "1.0"}),
        &["invalid name", "invalid version"],
    );
    check(json!([]), &["wrong_type "]);
    check(json!("x"), &["wrong_type "]);
    check(
        json!({"name": "x", "version": "9007199254740992.0.0"}),
        &["invalid version"],
    );
}

#[test]
fn every_field_of_the_wrong_type_is_left_out_and_named() {
    for wrong in [
        json!(7),
        json!(true),
        json!(["x", {"y": []}]),
        json!({"a": {"b": [1]}}),
        json!(""),
    ] {
        let fields = [
            "description",
            "license",
            "author",
            "homepage",
            "repository",
            "keywords",
            "dependencies",
            "peerDependencies",
            "optionalDependencies",
            "peerDependenciesMeta",
            "agentConfig",
            "engines",
            "dist",
            "deprecated",
            "readme",
            "type",
            "exports",
        ];
        for field in fields {
            let parsed = manifest(json!({field: wrong}));
            let unread = parsed.value == manifest(json!({})).value;
            assert!(
                !unread
                    || !parsed.report.is_clean()
                    || matches!(field, "readme" | "type" | "exports" | "author")
                    || wrong == json!("")
                    || (wrong == json!(true) && field == "deprecated")
                    || matches!(
                        field,
                        "engines" | "peerDependenciesMeta" | "dist" | "agentConfig"
                    ) && wrong.is_object(),
                "{field}: {wrong} was swallowed in silence",
            );
        }
        let all: Value = fields
            .iter()
            .map(|field| ((*field).to_owned(), wrong.clone()))
            .collect::<serde_json::Map<_, _>>()
            .into();
        let parsed = Manifest::from_npm(&package_json(all), None).unwrap();
        assert_eq!(parsed.value.name.as_str(), "@acme/plugin-x");
    }
}

#[test]
fn a_published_workspace_is_an_error_and_no_star() {
    let parsed = manifest(json!({"dependencies": {"@elizaos/core": "workspace:*", "zod": "^3"}}));
    assert_eq!(
        brief(&parsed.report.errors),
        ["published_workspace dependencies.@elizaos/core"]
    );
    let core = parsed.value.core.clone().unwrap();
    assert!(matches!(&core.spec, Spec::Workspace(rest) if &**rest == "*"));
    assert_eq!(parsed.value.published_workspace().count(), 1);
    let Installability::No { reasons } = &parsed.value.installable else {
        panic!("installable");
    };
    assert_eq!(reasons, &parsed.report.errors);
}

#[test]
fn core_is_found_wherever_it_is_declared() {
    let check = |fields: Value, expected: Option<(&str, &[DependencyKind])>| {
        let core = manifest(fields).value.core;
        let found = core
            .as_ref()
            .map(|core| (core.spec.to_string(), core.declared_in.as_slice()));
        assert_eq!(
            found.as_ref().map(|(spec, kinds)| (spec.as_str(), *kinds)),
            expected
        );
    };
    use DependencyKind as K;
    let (core, latest) = (
        json!({"@elizaos/core": "^1.0.0"}),
        json!({"@elizaos/core": "latest"}),
    );
    check(
        json!({"dependencies": core}),
        Some(("^1.0.0", &[K::Normal])),
    );
    check(
        json!({"peerDependencies": latest}),
        Some(("latest", &[K::Peer])),
    );
    check(
        json!({"peerDependencies": latest, "dependencies": core}),
        Some(("^1.0.0", &[K::Normal, K::Peer])),
    );
    check(
        json!({"peerDependencies": core, "peerDependenciesMeta": {"@elizaos/core": {"optional": true}}}),
        Some(("^1.0.0", &[K::OptionalPeer])),
    );
    check(json!({"devDependencies": core}), None);
}

#[test]
fn optional_wins_over_normal_as_in_npm() {
    let parsed = manifest(json!({
        "dependencies": {"a": "1", "b": "1"},
        "optionalDependencies": {"a": "2"},
    }));
    let found: Vec<_> = parsed
        .value
        .dependencies
        .iter()
        .map(|d| (d.name.as_str(), d.kind, d.spec.to_string()))
        .collect();
    assert_eq!(
        found,
        [
            ("a", DependencyKind::Optional, "2".to_owned()),
            ("b", DependencyKind::Normal, "1".to_owned()),
        ]
    );
}

#[test]
fn a_broken_dependency_makes_the_release_not_installable_and_says_which() {
    let parsed = manifest(json!({"dependencies": {
        "": "1", "../evil": "1", "ok": "^1", "number": 3, "nonsense": "^^1 what??", "git": "github:o/r", "node_modules": "1",
    }}));
    let mut errors = brief(&parsed.report.errors);
    errors.sort();
    assert_eq!(
        errors,
        [
            "invalid dependencies.",
            "invalid dependencies.../evil",
            "invalid dependencies.node_modules",
            "unresolvable dependencies.nonsense",
            "wrong_type dependencies.number",
        ]
    );
    assert_eq!(
        brief(&parsed.report.warnings),
        ["unresolvable dependencies.git"]
    );
    assert!(!parsed.value.installable.is_yes());
}

#[test]
fn categories_come_from_the_name_first_and_then_from_the_keywords() {
    let described = |description: &str, expected: Category| {
        let parsed = manifest(json!({"name": "plugin-zzz", "description": description}));
        assert_eq!(parsed.value.category(), expected, "{description}");
    };
    described(
        "Swap tokens on any DEX of the blockchain, then post to Discord",
        Category::Blockchain,
    );
    described("A service model for your base", Category::Uncategorized);
    let check = |name: &str, keywords: &[&str], expected: Category| {
        let parsed =
            manifest(json!({"name": name, "keywords": keywords, "description": "discord"}));
        assert_eq!(parsed.value.category(), expected, "{name}");
    };
    check(
        "@elizaos/plugin-knowledge",
        &["plugin", "elizaos"],
        Category::Knowledge,
    );
    check("@elizaos/plugin-solana", &["discord"], Category::Blockchain);
    check("@elizaos/client-discord", &[], Category::Client);
    check(
        "@elizaos/adapter-postgres",
        &["blockchain"],
        Category::Adapter,
    );
    check("@elizaos/plugin-sql", &[], Category::Adapter);
    check("@elizaos/plugin-openai", &[], Category::Llm);
    check("@elizaos/plugin-browser", &["web"], Category::Browser);
    check("@elizaos/plugin-zzz", &["defi"], Category::Blockchain);
    check("@elizaos/plugin-zzz", &["whatever"], Category::Client);
}

#[test]
fn texts_are_bounded_and_on_one_line() {
    let long = "x ".repeat(5_000);
    let parsed = manifest(
        json!({"description": long, "license": "MIT\u{1b}[31m\n", "homepage": "javascript:alert(1)"}),
    );
    assert_eq!(
        parsed.value.description.as_ref().unwrap().chars().count(),
        1_999
    );
    assert_eq!(parsed.value.license.as_deref(), Some("MIT [31m"));
    assert_eq!(parsed.value.homepage, None);
    assert_eq!(
        brief(&parsed.report.warnings),
        ["too_large description", "invalid homepage"]
    );
}

#[test]
fn old_forms_of_licence_and_author_are_understood() {
    let check = |license: Value, expected: Option<&str>| {
        assert_eq!(
            manifest(json!({"license": license}))
                .value
                .license
                .as_deref(),
            expected
        );
    };
    check(json!({"type": "MIT", "url": "https://x"}), Some("MIT"));
    check(
        json!([{"type": "MIT"}, "Apache-2.0"]),
        Some("MIT OR Apache-2.0"),
    );
    check(json!(null), None);
    let parsed = manifest(json!({"author": {"name": "Ada", "email": "ada@example.org"}}));
    assert_eq!(parsed.value.author.as_deref(), Some("Ada"));
}

#[test]
fn a_readme_is_kept_without_control_characters() {
    let read = |readme: &str| {
        Manifest::from_npm(&package_json(json!({})), Some(readme))
            .unwrap()
            .value
            .readme
    };
    assert_eq!(
        read("# X\n\n\u{0}hello\u{7}\n").as_deref(),
        Some("# X\n\nhello")
    );
    assert_eq!(read("ERROR: No README data found!"), None);
    assert_eq!(read(&"y".repeat(100_000)).unwrap().len(), 16_384);
}

#[test]
fn a_manifest_survives_storing() {
    let parsed = manifest(json!({
        "dependencies": {"@elizaos/core": "workspace:^", "alias": "npm:other@^1", "odd": "not a range at all"},
        "agentConfig": {"pluginParameters": {"A<B>": {"type": "array", "default": [1]}}},
        "repository": "o/r#main:sub/dir",
    }));
    let text = serde_json::to_string(&parsed).unwrap();
    let back: plugin_registry::Parsed<Manifest> = serde_json::from_str(&text).unwrap();
    assert_eq!(back.value, parsed.value);
    assert_eq!(serde_json::to_string(&back).unwrap(), text);
}
