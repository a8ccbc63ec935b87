//! Every error: its tag, its words, what to do.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use one_ontology::{Timestamp, Violations};
use plugin_runtime_api::{
    ComponentKind, Engine, ExecutorError, Fence, HostError, ModelError, ModelType, Permission,
    PluginFailure, RuntimeId, VaultError,
};

type Tags = &'static [(&'static str, &'static str)];

fn executor_errors() -> Vec<ExecutorError> {
    let runtime = RuntimeId::of_name(&["runtime"]);
    let component = |available: Vec<String>| ExecutorError::NoSuchComponent {
        plugin: "p".parse().unwrap(),
        kind: ComponentKind::Action,
        name: "NOPE".parse().unwrap(),
        available,
    };
    vec![
        ExecutorError::StaleFence {
            runtime,
            given: Fence(1),
            seen: Fence(2),
        },
        ExecutorError::NotRunning { runtime },
        ExecutorError::StartFailed {
            plugin: "p".parse().unwrap(),
            failure: PluginFailure::new("TypeError", "x is not a function"),
        },
        component(vec!["ONE".to_owned(), "TWO".to_owned()]),
        component(Vec::new()),
        ExecutorError::UnsupportedEngine {
            engine: Engine::Wasm,
        },
        ExecutorError::ArtifactMissing {
            location: "/var/plugins/abc".to_owned(),
        },
        ExecutorError::InvalidSpec {
            violations: Violations::one("plugins", "must not be empty"),
        },
        ExecutorError::Unavailable {
            reason: "no process could be started".to_owned(),
        },
    ]
}

fn host_errors() -> Vec<HostError> {
    let call = || "memory.create".to_owned();
    vec![
        HostError::Unsupported { call: call() },
        HostError::Denied {
            call: call(),
            permission: Permission::StorageWrite,
        },
        HostError::Invalid {
            call: call(),
            reason: "`tableName` must not be empty".to_owned(),
        },
        HostError::Exhausted {
            call: call(),
            limit: "10 requests a minute".to_owned(),
            retry_at: Timestamp::EPOCH,
        },
        HostError::Unavailable {
            call: call(),
            reason: "the store is busy".to_owned(),
        },
    ]
}

fn model_errors() -> Vec<ModelError> {
    let model_type = ModelType::TextEmbedding;
    vec![
        ModelError::Unsupported {
            model_type: model_type.clone(),
        },
        ModelError::Invalid {
            model_type,
            reason: "`text` must be a text".to_owned(),
        },
        ModelError::Unavailable {
            reason: "the connection was refused".to_owned(),
        },
    ]
}

fn vault_errors() -> Vec<VaultError> {
    vec![
        VaultError::NotFound {
            parameter: "OPENAI_API_KEY".to_owned(),
        },
        VaultError::Destroyed,
        VaultError::KeyMissing {
            reason: "the host was given no key".to_owned(),
        },
        VaultError::Unavailable {
            reason: "it is sealed".to_owned(),
        },
    ]
}

fn all() -> [(Tags, Vec<(&'static str, String)>); 4] {
    let said = |tag: &'static str, error: &dyn std::fmt::Display| (tag, error.to_string());
    [
        (
            ExecutorError::TAGS,
            executor_errors()
                .iter()
                .map(|it| said(it.tag(), it))
                .collect(),
        ),
        (
            HostError::TAGS,
            host_errors().iter().map(|it| said(it.tag(), it)).collect(),
        ),
        (
            ModelError::TAGS,
            model_errors().iter().map(|it| said(it.tag(), it)).collect(),
        ),
        (
            VaultError::TAGS,
            vault_errors().iter().map(|it| said(it.tag(), it)).collect(),
        ),
    ]
}

#[test]
fn every_tag_is_listed_once_with_what_to_do() {
    let mut seen = BTreeSet::new();
    for (tags, said) in all() {
        let listed: BTreeSet<_> = tags.iter().map(|(tag, _)| *tag).collect();
        let used: BTreeSet<_> = said.iter().map(|(tag, _)| *tag).collect();
        assert_eq!(listed, used);
        for (tag, advice) in tags {
            assert!(seen.insert(*tag), "{tag} twice");
            assert!(!advice.is_empty() && !advice.contains('\n'), "{tag}");
        }
    }
}

#[test]
fn the_messages_are_these() {
    let mut table = String::new();
    for (_, said) in all() {
        for (tag, message) in said {
            assert!(
                !message.ends_with('.') && !message.contains('\n'),
                "{message}"
            );
            writeln!(table, "{tag}: {message}").unwrap();
        }
    }
    insta::assert_snapshot!(table);
}

#[test]
fn a_host_error_crosses_with_its_tag() {
    for error in host_errors() {
        let json = serde_json::to_value(&error).unwrap();
        assert_eq!(json["_tag"], error.tag());
        assert_eq!(serde_json::from_value::<HostError>(json).unwrap(), error);
        let failure = PluginFailure::from(error.clone());
        assert_eq!(
            (failure.name.as_str(), failure.message),
            (error.tag(), error.to_string())
        );
    }
}

#[test]
fn a_plugins_error_is_cut_and_printable() {
    let failure = PluginFailure {
        name: "E".repeat(1_000),
        message: "line one\nline two\u{7}".to_owned() + &"m".repeat(10_000),
        stack: Some("at x\n".repeat(10_000)),
    };
    let bounded = failure.bounded();
    assert_eq!(bounded.name.chars().count(), 101);
    assert_eq!(bounded.message.chars().count(), 4_001);
    assert!(!bounded.message.contains(char::is_control));
    assert_eq!(bounded.stack.unwrap().lines().count(), 100);
}
