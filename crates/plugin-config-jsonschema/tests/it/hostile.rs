//! Schemas that are meant to do harm: each is unusable, or harmless.

use plugin_config_jsonschema::JsonSchemas;
use plugin_registry::{ParameterSchema, SchemaChecker as _, SchemaFault};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::rules::check;

fn unusable(schema: Value) -> String {
    match check(schema.clone(), &json!("a value")) {
        Err(SchemaFault::Unusable(reason)) => reason,
        other => panic!("{schema}: {other:?}"),
    }
}

#[test]
fn what_never_ends_is_refused() {
    for schema in [
        json!({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}}),
        json!({"$ref": "#/$defs/a", "$defs": {"a": {"allOf": [{"$ref": "#/$defs/b"}]}, "b": {"not": {"$ref": "#/$defs/a"}}}}),
        // It would end, with values that are as deep as they may be; nobody needs it for a setting.
        json!({"$ref": "#/$defs/a", "$defs": {"a": {"items": {"$ref": "#/$defs/a"}}}}),
    ] {
        assert!(unusable(schema).contains("leads back to itself"));
    }
}

#[test]
fn what_is_elsewhere_is_not_asked_for() {
    for to in [
        "#",
        "#/properties/x",
        "#/$defs/none",
        "#/$defs/a/b",
        "#/$defs/%61",
        "other.json",
        "file:///etc/passwd",
        "http://127.0.0.1:9/schema",
        "https://json-schema.org/draft/2020-12/schema",
        "",
    ] {
        let schema = json!({"$ref": to, "$defs": {"a": true}});
        assert!(unusable(schema).contains("only `#/$defs/NAME`"), "{to}");
    }
    for keyword in [
        "$id",
        "$anchor",
        "$dynamicRef",
        "$dynamicAnchor",
        "$recursiveRef",
    ] {
        let schema = json!({"items": {keyword: "http://127.0.0.1:9/schema"}});
        assert_eq!(
            unusable(schema),
            format!("`{keyword}` is not understood here")
        );
    }
    let draft = json!({"$schema": "http://json-schema.org/draft-04/schema#"});
    assert!(unusable(draft).contains("another draft"));
    // Where nobody refers to it the library looks all the same.
    let hidden = json!({"$defs": {"a": {"$ref": "http://127.0.0.1:9/schema"}}});
    assert!(unusable(hidden).contains("only `#/$defs/NAME`"));
}

#[test]
fn what_nobody_refers_to_moves_nothing() {
    // The library would follow `#/$defs/x` to the innermost one.
    let moved = json!({
        "$ref": "#/$defs/x",
        "$defs": {
            "x": true,
            "e": {"$id": "json-schema:///o", "$defs": {"b": {"$id": "json-schema:///", "$defs": {"x": false}}}},
        },
    });
    assert!(unusable(moved).contains("nowhere else"));
    let named = json!({"$defs": {"e": {"$id": "json-schema:///"}}});
    assert_eq!(unusable(named), "`$id` is not understood here");
    for inner in ["$defs", "definitions"] {
        let nested = json!({"$defs": {"e": {inner: {"b": {"$id": "json-schema:///"}}}}});
        assert!(unusable(nested).contains("nowhere else"), "{inner}");
    }
    let cycle = json!({"$defs": {"a": {"items": {"$ref": "#/$defs/a"}}}});
    assert!(unusable(cycle).contains("leads back to itself"));
}

#[test]
fn of_very_many_errors_the_first_is_told() {
    let strings: Vec<Value> = (0..30).map(|_| json!({"type": "string"})).collect();
    let each = vec![json!({"$ref": "#/$defs/a"}); 20];
    let schema = json!({"items": {"allOf": each}, "$defs": {"a": {"allOf": strings}}});
    let few = check(schema.clone(), &json!([0]));
    let many = check(schema, &json!(vec![0; 1000]));
    let told = |checked| match checked {
        Err(SchemaFault::Broken(rules)) => rules.len(),
        other => panic!("{other:?}"),
    };
    assert_eq!((told(few), told(many)), (10, 1));
}

#[test]
fn what_explodes_is_refused() {
    let mut definitions = Map::new();
    for level in 0..30 {
        let next = json!({"$ref": format!("#/$defs/l{}", level + 1)});
        definitions.insert(format!("l{level}"), json!({"allOf": [next, next]}));
    }
    definitions.insert("l30".to_owned(), json!({"type": "string"}));
    let laughs = json!({"$ref": "#/$defs/l0", "$defs": definitions});
    assert!(unusable(laughs).contains("more than 1000 schemas"));
    let mut definitions = Map::new();
    for level in 0..70 {
        let next = json!({"$ref": format!("#/$defs/l{}", level + 1)});
        definitions.insert(format!("l{level}"), json!({"items": next}));
    }
    definitions.insert("l70".to_owned(), json!(true));
    let deep = json!({"$ref": "#/$defs/l0", "$defs": definitions});
    assert!(unusable(deep).contains("more than 64 levels"));
    let mut nested = json!({"type": "object"});
    for _ in 0..5 {
        nested = json!({"allOf": [nested], "unevaluatedProperties": false});
    }
    assert!(unusable(nested).contains("more than 4 `unevaluated`"));
}

#[test]
fn patterns_run_in_linear_time_or_not_at_all() {
    for pattern in [
        r"^(a)\1$",
        r"(?=a)b",
        "(?<!a)b",
        "(",
        r"(((\w{100}){100}){100}){100}",
    ] {
        let reason = unusable(json!({"pattern": pattern}));
        assert!(reason.contains("no JSON Schema at"), "{pattern}: {reason}");
        assert!(!reason.contains("a value"), "{reason}");
    }
    let value = json!("a".repeat(60_000) + "!");
    for pattern in [
        "^(a+)+$",
        "^(a|a)*$",
        "^(a|aa)+$",
        "(.*)*x",
        "^(([a-z])+.)+[A-Z]([a-z])+$",
    ] {
        let found = check(json!({"pattern": pattern}), &value);
        assert!(
            matches!(found, Err(SchemaFault::Broken(_))),
            "{pattern}: {found:?}"
        );
    }
}

#[test]
fn deep_values_are_refused_without_going_into_them() {
    let deep = |levels| (1..levels).fold(json!(1), |inner, _| Value::Array(vec![inner]));
    let schema = || json!({"uniqueItems": true});
    assert_eq!(check(schema(), &deep(64)), Ok(()));
    let found = format!("{:?}", check(schema(), &deep(65)));
    assert!(found.contains("depth"), "{found}");
    let mut deepest = deep(30_000);
    let found = format!("{:?}", check(schema(), &deepest));
    assert!(found.contains("depth"), "{found}");
    // Taken apart by hand: to drop it whole is as deep as it is.
    while let Some(inner) = deepest.get_mut(0).map(Value::take) {
        deepest = inner;
    }
}

#[test]
fn what_is_no_schema_says_where() {
    for (schema, at) in [
        (json!({"type": "strong"}), "`/type`"),
        (json!({"minimum": "1"}), "`/minimum`"),
        (json!({"multipleOf": 0}), "`/multipleOf`"),
        (
            json!({"properties": {"a": {"maxLength": -1}}}),
            "`/properties/a/maxLength`",
        ),
        (json!({"required": "a"}), "`/required`"),
        (json!({"enum": 4}), "`/enum`"),
    ] {
        let reason = unusable(schema);
        assert!(reason.contains(at), "{reason}");
    }
    assert_eq!(unusable(json!({"$ref": 4})), "a `$ref` is no text");
}

const KEYWORDS: &[&str] = &[
    "$ref",
    "$defs",
    "type",
    "allOf",
    "anyOf",
    "oneOf",
    "not",
    "if",
    "then",
    "else",
    "items",
    "prefixItems",
    "contains",
    "properties",
    "patternProperties",
    "additionalProperties",
    "propertyNames",
    "dependentSchemas",
    "unevaluatedItems",
    "unevaluatedProperties",
    "minimum",
    "multipleOf",
    "maxLength",
    "pattern",
    "enum",
    "const",
    "required",
    "uniqueItems",
    "format",
    "a",
    "$id",
];

/// Anything that may look like a schema, or like nothing at all.
fn schemas() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        (-3_i64..3).prop_map(Value::from),
        Just(json!(1e-300)),
        Just(json!(1e300)),
        proptest::sample::select(&["#/$defs/a", "#", "^a*$", "(", "string", "array", "a"][..])
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 60, 6, |inner| {
        let keyword = proptest::sample::select(KEYWORDS);
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(keyword, inner, 0..6).prop_map(|map| {
                let map = map.into_iter();
                Value::Object(map.map(|(key, value)| (key.to_owned(), value)).collect())
            }),
        ]
    })
}

proptest! {
    /// Whatever is given: an answer, and always the same.
    #[test]
    fn anything_has_an_answer(schema in schemas(), value in schemas()) {
        let Ok(schema) = ParameterSchema::new(schema) else {
            return Ok(());
        };
        let checker = JsonSchemas::new();
        let found = checker.check(&schema, &value);
        if let Err(SchemaFault::Broken(rules)) = &found {
            prop_assert!(!rules.is_empty() && rules.len() <= 10);
        }
        prop_assert_eq!(checker.check(&schema, &value), found);
    }
}
