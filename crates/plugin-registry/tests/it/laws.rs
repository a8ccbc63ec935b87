//! Laws over arbitrary input.

use futures::executor::block_on;
use one_ontology::{MemoryStore, Place, Scope, SequentialIds, Timestamp};
use plugin_registry::{
    CatalogRows, Freshness, LexicalEmbedder, Manifest, PackageDocument, PackageVersions,
    PluginRecord, RegistryIndex, SourceId, plan_sync, read_json, sync,
};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::support::{document, record, versions};

/// Arbitrary JSON whose keys are often those that mean something.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        prop::sample::select(vec![
            "1.0.0",
            "^1.2",
            "workspace:*",
            "latest",
            "github:o/r#main:x",
            "npm:x@1",
            "true",
            "x",
            "@a/b",
            "",
            "string",
            "sha512-x",
            "https://github.com/o/r",
            "2020-01-01T00:00:00Z",
            "\u{0}",
            "v2",
            "🙂",
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 60, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((key(), inner), 0..10)
                .prop_map(|entries| Value::Object(entries.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => prop::sample::select(vec![
            "name", "version", "versions", "dist-tags", "dependencies", "peerDependencies", "peerDependenciesMeta",
            "optionalDependencies", "agentConfig", "pluginParameters", "type", "default", "sensitive", "required", "registry", "npm", "git",
            "supports", "v0", "v1", "alpha", "v2", "repo", "topics", "dist", "unpackedSize", "integrity", "repository", "url",
            "keywords", "license", "time", "readme", "deprecated", "description", "1.0.0", "x", "__proto__", "", "optional",
            "v1CoreRange", "lastUpdatedAt", "schemaVersion", "branch", "directory", "stargazers_count", "engines",
        ]).prop_map(str::to_owned),
        1 => "\\PC{0,10}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn nothing_that_is_json_panics(value in any_json(), readme in prop::option::of("\\PC{0,50}")) {
        let mut package_json = value.clone();
        if let Some(map) = package_json.as_object_mut() {
            map.insert("name".to_owned(), "x".into());
            map.insert("version".to_owned(), "1.0.0".into());
        }
        for candidate in [&value, &package_json] {
            if let Ok(parsed) = Manifest::from_npm(candidate, readme.as_deref()) {
                // What comes out can be stored and read back.
                let text = serde_json::to_string(&parsed.value).unwrap();
                let back: Manifest = serde_json::from_str(&text).unwrap();
                prop_assert_eq!(&back, &parsed.value);
                prop_assert_eq!(parsed.report.errors.is_empty(), parsed.value.installable.is_yes());
            }
        }
        let versions = json!({"name": "x", "versions": {"1.0.0": package_json, "x": value.clone()}, "dist-tags": value, "time": value, "readme": value});
        let whole = PackageDocument { name: "x".to_owned(), document: versions, freshness: Freshness::Live };
        let parsed = PackageVersions::from_document(&whole).unwrap();
        let record = PluginRecord::from_package(&parsed.value, &SourceId("npm".to_owned()));
        if let Ok(properties) = record.to_properties() {
            properties.validate().unwrap();
            let text = serde_json::to_string(&properties).unwrap();
            let mut back: PluginRecord = serde_json::from_str(&text).unwrap();
            // What is no part of the record.
            let (package, seen) = (back.package.as_mut().unwrap(), record.package.as_ref().unwrap());
            package.readme.clone_from(&seen.readme);
            package.sight.clone_from(&seen.sight);
            prop_assert_eq!(back, record);
        }
        let alone = PackageDocument { document: value.clone(), ..whole };
        let _ = PackageVersions::from_document(&alone);
    }

    #[test]
    fn no_list_panics_and_what_comes_out_is_storable(value in any_json(), entry in any_json()) {
        for document in [value.clone(), json!({"registry": value}), json!({"lastUpdatedAt": "x", "registry": {"good": {}, "x": entry.clone()}}), json!({"x": entry, "good": "github:o/r"})] {
            if let Ok(parsed) = RegistryIndex::parse(document.to_string().as_bytes()) {
                prop_assert!(parsed.report.errors.is_empty());
                for entry in parsed.value.entries.values() {
                    let text = serde_json::to_string(entry).unwrap();
                    let back: plugin_registry::IndexEntry = serde_json::from_str(&text).unwrap();
                    prop_assert_eq!(&back, entry);
                    PluginRecord::from_index(entry, &SourceId("github".to_owned())).to_properties().unwrap();
                }
            }
        }
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read_json("bytes", &bytes);
        let _ = RegistryIndex::parse(&bytes);
    }

    #[test]
    fn reading_agrees_with_serde(value in any_json()) {
        let parsed = read_json("value", value.to_string().as_bytes()).unwrap();
        let oracle: Value = serde_json::from_str(&value.to_string()).unwrap();
        prop_assert_eq!(parsed.value, oracle);
        prop_assert!(parsed.report.is_clean());
    }
}

/// A few plugins with a few versions that need each other.
fn any_records() -> impl Strategy<Value = Vec<PluginRecord>> {
    let version = prop::sample::select(vec!["0.1.0", "1.0.0", "1.1.0", "2.0.0-alpha.1"]);
    let needs = prop::collection::btree_map(
        prop::sample::select(vec!["plugin-a", "plugin-b", "plugin-c", "zod"]),
        prop::sample::select(vec!["^1", "*", "workspace:*", "latest"]),
        0..3,
    );
    let listed = prop::collection::btree_map(version, (needs, "[a-c ]{0,6}"), 0..4);
    let source = prop::sample::select(vec!["npm", "embedded", "mirror"]);
    let one = (
        prop::sample::select(vec!["plugin-a", "plugin-b", "plugin-c"]),
        listed,
        source,
        prop::option::of("[a-c\n]{1,20}"),
    );
    prop::collection::vec(one, 0..5).prop_map(|all| {
        all.into_iter()
            .map(|(name, listed, source, readme)| {
                let listed: Vec<(&str, Value)> = listed
                    .into_iter()
                    .map(|(version, (needs, description))| {
                        (
                            version,
                            json!({"dependencies": needs, "description": description}),
                        )
                    })
                    .collect();
                let mut whole = document(name, &listed);
                if let Some(readme) = readme {
                    whole["readme"] = readme.into();
                }
                let parsed = versions(name, whole);
                PluginRecord::from_package(&parsed.value, &SourceId(source.to_owned()))
            })
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn syncing_again_writes_nothing(history in prop::collection::vec(any_records(), 1..4)) {
        let (store, ids, embedder) = (MemoryStore::new(), SequentialIds::new(), LexicalEmbedder::new());
        let scope = Scope::system("registry_sync".parse().unwrap(), Place::Global);
        let mut now = Timestamp::EPOCH;
        for records in &history {
            now = now.plus(std::time::Duration::from_secs(1));
            // Within one sync a package may be named twice by one source; the last one counts.
            let mut last: Vec<PluginRecord> = Vec::new();
            for record in records {
                last.retain(|other| other.npm_package != record.npm_package);
                last.push(record.clone());
            }
            block_on(sync(&store, &scope, &last, Some(&embedder), &ids, now)).unwrap();
            let rows = block_on(CatalogRows::load(&store, &scope)).unwrap();
            let again = plan_sync(&scope, &rows, &last, Some("lexical-1536"), now.plus(std::time::Duration::from_secs(1)));
            prop_assert!(again.is_empty(), "{:?}", again);
            prop_assert!(again.change_sets(&scope, [], &ids, now).is_empty());
        }
    }

    #[test]
    fn merging_the_same_again_changes_nothing(a in any_records(), b in any_records()) {
        for (a, b) in a.iter().zip(&b) {
            let mut b = b.clone();
            b.npm_package = a.npm_package.clone();
            let once = a.merge(&b);
            prop_assert_eq!(&once.merge(&b), &once);
        }
    }
}

#[test]
fn a_record_is_the_same_whatever_order_its_document_had() {
    let forward = record(
        "plugin-x",
        &[
            ("1.0.0", json!({})),
            ("1.1.0", json!({})),
            ("0.9.0", json!({})),
        ],
    );
    let backward = record(
        "plugin-x",
        &[
            ("0.9.0", json!({})),
            ("1.1.0", json!({})),
            ("1.0.0", json!({})),
        ],
    );
    assert_eq!(forward, backward);
}
