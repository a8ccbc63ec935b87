//! What holds, what does not, and what is said of it.

use plugin_config_jsonschema::JsonSchemas;
use plugin_registry::{BrokenRule, ParameterSchema, SchemaChecker as _, SchemaFault};
use proptest::prelude::*;
use serde_json::{Value, json};

pub(crate) fn check(schema: Value, value: &Value) -> Result<(), SchemaFault> {
    JsonSchemas::new().check(&ParameterSchema::new(schema).unwrap(), value)
}

/// The rules that are broken, as `place rule asks`.
fn broken(schema: Value, value: &Value) -> Vec<String> {
    match check(schema, value) {
        Ok(()) => Vec::new(),
        Err(SchemaFault::Broken(rules)) => rules
            .into_iter()
            .map(|BrokenRule { at, rule, asks }| {
                format!("{at} {rule} {}", asks.unwrap_or_default())
                    .trim()
                    .to_owned()
            })
            .collect(),
        Err(SchemaFault::Unusable(reason)) => panic!("{reason}"),
    }
}

#[test]
fn each_keyword_is_named_with_its_place_and_what_it_asks_for() {
    let table = [
        (json!({"type": "integer"}), json!(1.5), "type \"integer\""),
        (
            json!({"type": ["integer", "null"]}),
            json!("x"),
            "type [\"integer\",\"null\"]",
        ),
        (json!({"minimum": 1}), json!(0), "minimum 1"),
        (
            json!({"exclusiveMaximum": 10}),
            json!(10),
            "exclusiveMaximum 10",
        ),
        (json!({"multipleOf": 0.5}), json!(0.7), "multipleOf 0.5"),
        (json!({"minLength": 2}), json!("a"), "minLength 2"),
        (
            json!({"maxLength": 2}),
            json!("\u{e4}\u{f6}\u{fc}"),
            "maxLength 2",
        ),
        (json!({"pattern": "^a+$"}), json!("b"), "pattern \"^a+$\""),
        (
            json!({"enum": ["a", "b"]}),
            json!("c"),
            "enum [\"a\",\"b\"]",
        ),
        (json!({"const": 4}), json!(5), "const 4"),
        (json!({"maxItems": 1}), json!([1, 2]), "maxItems 1"),
        (
            json!({"uniqueItems": true}),
            json!([1, 1]),
            "uniqueItems true",
        ),
        (
            json!({"required": ["url"]}),
            json!({}),
            "required [\"url\"]",
        ),
        (json!({"not": {"type": "string"}}), json!("a"), "not"),
        (
            json!({"items": {"maximum": 3}}),
            json!([1, 5]),
            "/1 maximum 3",
        ),
        (
            json!({"properties": {"url": {"type": "string"}}}),
            json!({"url": 5}),
            "/url type \"string\"",
        ),
        (
            json!({"additionalProperties": false, "properties": {"a": true}}),
            json!({"b": 1}),
            "additionalProperties false",
        ),
        (
            json!({"items": {"$ref": "#/$defs/port"}, "$defs": {"port": {"maximum": 9}}}),
            json!([10]),
            "/0 maximum 9",
        ),
        (json!(false), json!(1), "falseSchema false"),
    ];
    for (schema, value, expected) in table {
        assert_eq!(
            broken(schema.clone(), &value),
            [expected],
            "{schema} {value}"
        );
    }
}

#[test]
fn what_holds_holds() {
    for (schema, value) in [
        (json!(true), json!("anything")),
        (json!({}), json!(null)),
        (
            json!({"type": "integer", "minimum": 1, "maximum": 4096}),
            json!(4096),
        ),
        (
            json!({"anyOf": [{"type": "string"}, {"type": "number"}]}),
            json!(1),
        ),
        (json!({"pattern": "\\d{3}"}), json!("a123")),
        (
            json!({"format": "email"}),
            json!("this describes, and is no rule"),
        ),
        (
            json!({"$schema": "https://json-schema.org/draft/2020-12/schema"}),
            json!(1),
        ),
        (
            json!({"if": {"type": "string"}, "then": {"maxLength": 2}, "else": {"maximum": 2}}),
            json!(2),
        ),
        (
            json!({"properties": {"$ref": {"type": "string"}, "$id": {"const": 1}}}),
            json!({"$ref": "a name like any other", "$id": 1}),
        ),
        (json!({"const": {"$ref": "data"}}), json!({"$ref": "data"})),
    ] {
        assert_eq!(check(schema.clone(), &value), Ok(()), "{schema} {value}");
    }
}

#[test]
fn at_most_ten_rules_are_told() {
    let value = Value::from(vec!["no number"; 50]);
    assert_eq!(
        broken(json!({"items": {"type": "number"}}), &value).len(),
        10
    );
}

#[test]
fn what_a_rule_asks_for_is_told_only_where_it_is_short() {
    let long = "x".repeat(200);
    assert_eq!(broken(json!({"const": long}), &json!("a")), ["const"]);
    let object = json!({"const": {"a": 1}});
    assert_eq!(broken(object, &json!("a")), ["const"]);
}

proptest! {
    /// Of a value only numbers of items and names of fields can be in what is said: a text that is the value
    /// is nowhere.
    #[test]
    fn no_value_is_said(secret in "[g-z]{12,40}", nested in any::<bool>()) {
        let value = match nested {
            true => json!([{"field": secret}]),
            false => json!(secret),
        };
        for schema in [
            json!({"type": "number", "maxLength": 2, "pattern": "^0$", "enum": ["a"], "const": 1}),
            json!({"anyOf": [{"type": "number"}, {"items": {"type": "number"}, "type": "array"}]}),
            json!({"oneOf": [true, true]}),
            json!({"not": {}}),
            json!({"items": {"properties": {"field": {"maxLength": 1}}}, "maxLength": 1}),
        ] {
            let said = format!("{:?}", check(schema, &value));
            prop_assert!(said.contains("Broken"), "{}", said);
            prop_assert!(!said.contains(&secret), "{}", said);
        }
    }

    /// Bounds are what they say, for integers in any form.
    #[test]
    fn bounds_hold(low in -1000_i64..1000, high in -1000_i64..1000, value in -2000_i64..2000) {
        let found = check(json!({"minimum": low, "maximum": high}), &json!(value));
        prop_assert_eq!(found.is_ok(), low <= value && value <= high);
    }
}
