//! Parameters and settings.

use std::collections::BTreeMap;

use plugin_registry::{Parameter, ParameterKind, Sensitivity, check_settings};
use serde_json::{Value, json};

use crate::support::{brief, manifest};

fn parameters(parameters: Value) -> (Vec<Parameter>, Vec<String>) {
    let parsed = manifest(json!({"agentConfig": {"pluginParameters": parameters}}));
    assert!(parsed.report.errors.is_empty());
    (parsed.value.parameters, brief(&parsed.report.warnings))
}

fn parameter(value: Value) -> (Parameter, Vec<String>) {
    let (mut all, warnings) = parameters(json!({"X": value}));
    (all.remove(0), warnings)
}

#[test]
fn defaults_of_the_wrong_type_are_converted_with_a_warning() {
    let check = |value: Value, expected: Option<Value>, warned: bool| {
        let (parameter, warnings) = parameter(value.clone());
        assert_eq!(parameter.default, expected, "{value}");
        assert_eq!(!warnings.is_empty(), warned, "{value}: {warnings:?}");
    };
    check(
        json!({"type": "boolean", "default": "true"}),
        Some(json!(true)),
        true,
    );
    check(
        json!({"type": "boolean", "default": false}),
        Some(json!(false)),
        false,
    );
    check(json!({"type": "boolean", "default": "maybe"}), None, true);
    check(
        json!({"type": "number", "default": "1536"}),
        Some(json!(1536)),
        true,
    );
    check(
        json!({"type": "number", "default": "0.5"}),
        Some(json!(0.5)),
        true,
    );
    check(json!({"type": "number", "default": "NaN"}), None, true);
    check(json!({"type": "number", "default": ""}), None, false);
    check(
        json!({"type": "string", "default": 3000}),
        Some(json!("3000")),
        true,
    );
    check(
        json!({"type": "string", "default": ""}),
        Some(json!("")),
        false,
    );
    check(json!({"type": "string", "default": {"a": 1}}), None, true);
    check(
        json!({"type": "array", "default": ["a"]}),
        Some(json!(["a"])),
        false,
    );
    check(json!({"type": "string", "default": null}), None, false);
}

#[test]
fn kinds_that_are_not_listed_are_kept() {
    let kind = |text: &str| parameter(json!({"type": text})).0.kind;
    assert_eq!(kind("string"), ParameterKind::String);
    assert_eq!(kind("integer"), ParameterKind::Number);
    assert_eq!(kind("enum").as_str(), "enum");
    let (untyped, warnings) = parameter(json!({"description": "x"}));
    assert_eq!(untyped.kind, ParameterKind::String);
    assert_eq!(warnings, ["missing agentConfig.pluginParameters.X.type"]);
}

#[test]
fn what_is_said_to_be_secret_is_and_what_looks_secret_is_unless_denied() {
    let check = |name: &str, value: Value, expected: Sensitivity| {
        let (all, _) = parameters(json!({name: value}));
        assert_eq!(all[0].sensitivity, expected, "{name}");
    };
    check(
        "MODEL",
        json!({"type": "string", "sensitive": true}),
        Sensitivity::Secret,
    );
    check(
        "MODEL",
        json!({"type": "string", "sensitive": "true"}),
        Sensitivity::Secret,
    );
    check("MODEL", json!({"type": "string"}), Sensitivity::Plain);
    check(
        "OPENAI_API_KEY",
        json!({"type": "string"}),
        Sensitivity::Secret,
    );
    check("WALLET_PRIVATE", json!("the wallet"), Sensitivity::Secret);
    check(
        "PUBLIC_KEY",
        json!({"type": "string", "sensitive": false}),
        Sensitivity::Plain,
    );
    check("MAX_TOKENS", json!({"type": "number"}), Sensitivity::Plain);
}

#[test]
fn odd_parameters_cost_only_themselves() {
    let (found, warnings) = parameters(json!({
        "": {"type": "string"},
        "WITH SPACE": {"type": "string"},
        "__proto__": {"type": "string"},
        "TEXT": "what it is for",
        "LIST": [1],
        "GOOD": {"type": "string", "sensitive": false},
    }));
    let names: Vec<_> = found.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(names, ["GOOD", "LIST", "TEXT", "__proto__"]);
    assert_eq!(found[2].description.as_deref(), Some("what it is for"));
    assert!(warnings.iter().any(|w| w.ends_with("pluginParameters.")));
    assert!(warnings.iter().any(|w| w.contains("WITH SPACE")));
}

#[test]
fn templates_cover_the_names_that_fit() {
    let check = |template: &str, name: &str, expected: bool| {
        let (all, _) = parameters(json!({template: {"type": "string"}}));
        assert_eq!(all[0].covers(name), expected, "{template} {name}");
    };
    let evm = "EVM_PROVIDER_<CHAINNAME>";
    check(evm, "EVM_PROVIDER_BASE", true);
    check(evm, "EVM_PROVIDER_ARBITRUM_ONE", true);
    check(evm, "EVM_PROVIDER_", false);
    check(evm, "EVM_PROVIDER_A B", false);
    check(evm, "XEVM_PROVIDER_BASE", false);
    check(evm, evm, false);
    check("<A>_URL", "BASE_URL", true);
    check("<A>_URL", "_URL", false);
    check("<A>_TO_<B>_URL", "X_TO_Y_URL", true);
    check("<A>_TO_<B>_URL", "X_Y_URL", false);
    check("A<>B", "A<>B", true);
    check("A<>B", "AXB", false);
    check("PLAIN", "PLAIN", true);
    check("PLAIN", "PLAINER", false);
}

fn settings(values: Value) -> BTreeMap<String, Value> {
    values
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

fn evm() -> Vec<Parameter> {
    parameters(json!({
        "EVM_PRIVATE_KEY": {"type": "string", "required": true, "sensitive": true},
        "EVM_PROVIDER_<CHAINNAME>": {"type": "string", "sensitive": false},
        "RETRIES": {"type": "number", "required": true, "default": 3, "sensitive": false},
        "DRY_RUN": {"type": "boolean", "sensitive": false},
        "CHAINS": {"type": "array", "sensitive": false},
    }))
    .0
}

#[test]
fn settings_that_hold_come_back_with_secrets_apart() {
    let checked = check_settings(
        &evm(),
        &settings(json!({
            "EVM_PRIVATE_KEY": "0xdeadbeef",
            "EVM_PROVIDER_BASE": "https://rpc.example",
            "RETRIES": "5",
            "DRY_RUN": "true",
            "CHAINS": ["base"],
        })),
        None,
    )
    .unwrap();
    assert_eq!(
        checked.plain,
        settings(json!({
            "EVM_PROVIDER_BASE": "https://rpc.example", "RETRIES": 5, "DRY_RUN": true, "CHAINS": ["base"],
        }))
    );
    assert_eq!(
        checked.secret,
        BTreeMap::from([("EVM_PRIVATE_KEY".to_owned(), "0xdeadbeef".to_owned())])
    );
    assert!(checked.missing_hints.is_empty());
    assert!(!format!("{checked:?}").contains("deadbeef"));
}

#[test]
fn required_is_a_hint_and_null_is_none() {
    let checked =
        check_settings(&evm(), &settings(json!({"EVM_PRIVATE_KEY": null})), None).unwrap();
    assert!(checked.secret.is_empty());
    assert_eq!(checked.missing_hints, ["EVM_PRIVATE_KEY"]);
}

#[test]
fn violations_are_typed_and_never_hold_a_secret() {
    let check = |values: Value, expected: &[(&str, &str)]| {
        let violations = check_settings(&evm(), &settings(values.clone()), None).unwrap_err();
        let found: Vec<_> = violations
            .iter()
            .map(|v| (v.tag(), v.to_string()))
            .collect();
        let found: Vec<_> = found
            .iter()
            .map(|(tag, text)| (*tag, text.as_str()))
            .collect();
        assert_eq!(found, expected, "{values}");
    };
    check(
        json!({"RETRYS": 1}),
        &[(
            "ParameterUnknown",
            "the plugin has no parameter `RETRYS`; did you mean `RETRIES`?",
        )],
    );
    check(
        json!({"SOMETHING_ELSE": 1}),
        &[(
            "ParameterUnknown",
            "the plugin has no parameter `SOMETHING_ELSE`",
        )],
    );
    check(
        json!({"EVM_PROVIDER_<CHAINNAME>": "x"}),
        &[(
            "ParameterTemplate",
            "`EVM_PROVIDER_<CHAINNAME>` is a template; give a name that fits it, with the part in angle brackets filled in",
        )],
    );
    check(
        json!({"RETRIES": "many", "DRY_RUN": 1}),
        &[
            (
                "ParameterWrongType",
                "`DRY_RUN` takes true or false, not a number",
            ),
            (
                "ParameterWrongType",
                "`RETRIES` takes a finite number, not the text `many`",
            ),
        ],
    );
    check(
        json!({"EVM_PRIVATE_KEY": {"key": "0xdeadbeef"}}),
        &[(
            "ParameterWrongType",
            "`EVM_PRIVATE_KEY` takes text without U+0000, not an object",
        )],
    );
    check(
        json!({"EVM_PRIVATE_KEY": "0xdead\0beef"}),
        &[(
            "ParameterWrongType",
            "`EVM_PRIVATE_KEY` takes text without U+0000, not text",
        )],
    );
    check(
        json!({"CHAINS": "x".repeat(70_000)}),
        &[("ParameterTooLong", "`CHAINS` is longer than 65536 bytes")],
    );
}

#[test]
fn one_value_can_be_checked_alone() {
    let retries = &evm()[4];
    assert_eq!(retries.name, "RETRIES");
    assert_eq!(retries.check(&json!(" 7 ")).unwrap(), json!(7));
    assert_eq!(
        retries.check(&json!(true)).unwrap_err().tag(),
        "ParameterWrongType"
    );
}
