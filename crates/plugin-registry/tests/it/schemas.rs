//! Schemas of settings in manifests, and what settings make of them.

use std::collections::BTreeMap;

use plugin_registry::{
    BrokenRule, Manifest, Parameter, ParameterKind, ParameterSchema, SchemaChecker, SchemaFault,
    Sensitivity, check_settings,
};
use serde_json::{Value, json};

use crate::support::{brief, manifest};

fn read(config: Value) -> (Vec<Parameter>, Vec<String>) {
    let parsed = manifest(json!({"agentConfig": config}));
    assert!(parsed.report.errors.is_empty());
    (parsed.value.parameters, brief(&parsed.report.warnings))
}

fn properties(properties: Value) -> (Vec<Parameter>, Vec<String>) {
    read(json!({"configSchema": {"properties": properties}}))
}

/// The only parameter of this property.
fn one(property: Value) -> Parameter {
    let (mut all, warnings) = properties(json!({"X": property}));
    assert_eq!(warnings, [""; 0]);
    all.remove(0)
}

fn rules(property: Value) -> Option<Value> {
    one(property).schema.map(Value::from)
}

#[test]
fn a_property_is_a_parameter_and_its_rules() {
    let found = one(json!({
        "type": "integer", "title": "Size", "description": "how long a chunk is",
        "default": 400, "minimum": 1, "x-order": 3,
    }));
    assert_eq!(found.kind, ParameterKind::Number);
    assert_eq!(found.description.as_deref(), Some("how long a chunk is"));
    assert_eq!(found.default, Some(json!(400)));
    assert_eq!(found.sensitivity, Sensitivity::Plain);
    let left = json!({"type": "integer", "minimum": 1});
    assert_eq!(found.schema.map(Value::from), Some(left));
    assert_eq!(
        one(json!({"title": "Size"})).description.as_deref(),
        Some("Size")
    );
}

#[test]
fn what_only_says_the_kind_is_no_rule() {
    for (property, expected) in [
        (json!({"type": "string", "description": "text"}), None),
        (json!({"type": "number"}), None),
        (json!({"type": "boolean", "default": true}), None),
        (json!({}), None),
        (json!(true), None),
        (json!(false), Some(json!(false))),
        (json!({"type": "array"}), Some(json!({"type": "array"}))),
        (
            json!({"type": ["string", "null"]}),
            Some(json!({"type": ["string", "null"]})),
        ),
        (json!({"enum": ["a"]}), Some(json!({"enum": ["a"]}))),
    ] {
        assert_eq!(rules(property.clone()), expected, "{property}");
    }
}

#[test]
fn what_is_a_secret_is_one_whoever_says_so() {
    let secret = |config: Value| read(config).0.remove(0).sensitivity;
    let both = |named: Value, schema: Value| {
        secret(json!({
            "pluginParameters": {"X": named}, "configSchema": {"properties": {"X": schema}},
        }))
    };
    assert_eq!(
        one(json!({"x-secret": true})).sensitivity,
        Sensitivity::Secret
    );
    assert_eq!(
        properties(json!({"API_KEY": {"type": "string"}})).0[0].sensitivity,
        Sensitivity::Secret
    );
    let open = properties(json!({"PUBLIC_KEY": {"type": "string", "x-secret": false}}));
    assert_eq!(open.0[0].sensitivity, Sensitivity::Plain);
    for (named, schema, expected) in [
        (
            json!({"sensitive": false}),
            json!({"x-secret": true}),
            Sensitivity::Secret,
        ),
        (
            json!({"sensitive": true}),
            json!({"x-secret": false}),
            Sensitivity::Secret,
        ),
        (json!({"sensitive": false}), json!({}), Sensitivity::Plain),
    ] {
        assert_eq!(both(named, schema), expected);
    }
}

#[test]
fn whatever_may_mean_a_secret_means_one() {
    let definitions = json!({
        "secret": {"type": "string", "x-secret": true},
        "again": {"allOf": [{"$ref": "#/$defs/again"}, {"$ref": "#/$defs/secret"}]},
        "plain": {"type": "string"},
    });
    for (property, expect) in [
        (json!({"x-secret": "true"}), Sensitivity::Secret),
        (json!({"x-secret": null}), Sensitivity::Secret),
        (json!({"$ref": "#/$defs/secret"}), Sensitivity::Secret),
        (json!({"$ref": "#/$defs/again"}), Sensitivity::Secret),
        (
            json!({"type": "object", "properties": {"pass": {"x-secret": true}}}),
            Sensitivity::Secret,
        ),
        (
            json!({"$ref": "#/$defs/secret", "x-secret": false}),
            Sensitivity::Plain,
        ),
        (json!({"$ref": "#/$defs/plain"}), Sensitivity::Plain),
        (json!({"$ref": "#/$defs/nowhere"}), Sensitivity::Plain),
    ] {
        let schema = json!({"properties": {"DB_AUTH": property}, "$defs": definitions});
        let (parameters, _) = read(json!({"configSchema": schema}));
        assert_eq!(parameters[0].sensitivity, expect, "{property}");
    }
}

#[test]
fn a_schema_adds_to_what_is_named_already() {
    let (found, warnings) = read(json!({
        "pluginParameters": {
            "SIZE": {"type": "string", "description": "of a chunk", "sensitive": false},
            "CITY": {"type": "string", "sensitive": false},
        },
        "configSchema": {
            "required": ["SIZE", "NONE"],
            "properties": {"SIZE": {"type": "integer", "maximum": 9}, "LIST": {"type": "array"}},
        },
    }));
    assert_eq!(warnings, [""; 0]);
    let names: Vec<&str> = found.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["CITY", "LIST", "SIZE"]);
    let size = &found[2];
    assert_eq!(
        (&size.kind, size.required_hint),
        (&ParameterKind::Number, true)
    );
    assert_eq!(size.description.as_deref(), Some("of a chunk"));
    assert!(size.schema.is_some() && found[0].schema.is_none());
}

#[test]
fn what_it_refers_to_comes_with_it() {
    let (found, _) = read(json!({"configSchema": {
        "$defs": {"port": {"maximum": 9}},
        "properties": {"A": {"items": {"$ref": "#/$defs/port"}}, "B": {"minimum": 1}},
    }}));
    let schemas: Vec<Value> = found
        .into_iter()
        .filter_map(|it| it.schema)
        .map(Value::from)
        .collect();
    let with = json!({"items": {"$ref": "#/$defs/port"}, "$defs": {"port": {"maximum": 9}}});
    assert_eq!(schemas, [with, json!({"minimum": 1})]);
}

#[test]
fn what_is_odd_or_too_large_is_left_out_with_a_warning() {
    let deep = (0..30).fold(json!(true), |inner, _| json!({"not": inner}));
    let names: Vec<Value> = (0..900).map(|it| json!(format!("value {it}"))).collect();
    for property in [
        json!("text"),
        json!(4),
        json!([]),
        deep,
        json!({"enum": names}),
    ] {
        let (found, warnings) = properties(json!({"X": property}));
        assert_eq!(
            (found.len(), found[0].schema.is_none()),
            (1, true),
            "{warnings:?}"
        );
        assert!(
            warnings[0].contains("configSchema.properties.X"),
            "{warnings:?}"
        );
    }
    let (found, warnings) = properties(json!({"two words": {}, "": {}}));
    assert_eq!((found.len(), warnings.len()), (0, 2));
    for odd in [json!([]), json!("x"), json!({"properties": []})] {
        let (found, warnings) = read(json!({"configSchema": odd}));
        assert_eq!((found.len(), warnings.len()), (0, 1), "{odd}");
    }
    let large = json!({"description": "x".repeat(70_000), "properties": {"X": {}}});
    let (found, warnings) = read(json!({"configSchema": large}));
    assert_eq!((found.len(), warnings.len()), (0, 1));
    let many: BTreeMap<String, Value> = (0..600).map(|it| (format!("P{it}"), json!({}))).collect();
    let (found, warnings) = properties(json!(many));
    assert_eq!((found.len(), warnings.len()), (500, 1));
}

#[test]
fn a_schema_is_stored_with_its_parameter_and_read_back_within_its_bounds() {
    let (found, _) = properties(json!({"X": {"minimum": 1}}));
    let stored = serde_json::to_value(&found).unwrap();
    assert_eq!(stored[0]["schema"], json!({"minimum": 1}));
    assert_eq!(
        serde_json::from_value::<Vec<Parameter>>(stored).unwrap(),
        found
    );
    for wrong in [json!(4), json!("x"), json!({"enum": ["x".repeat(9_000)]})] {
        serde_json::from_value::<ParameterSchema>(wrong).unwrap_err();
    }
}

/// Finds every value wrong, or every schema.
#[derive(Debug)]
struct Finds(SchemaFault);

impl SchemaChecker for Finds {
    fn check(&self, _: &ParameterSchema, value: &Value) -> Result<(), SchemaFault> {
        match value {
            Value::Number(_) => Ok(()),
            _ => Err(self.0.clone()),
        }
    }
}

fn settings(value: Value) -> BTreeMap<String, Value> {
    BTreeMap::from([("X".to_owned(), value)])
}

#[test]
fn a_setting_with_a_schema_holds_only_where_somebody_says_so() {
    let told = |secret: bool, checker: Option<&dyn SchemaChecker>| {
        let property = json!({"x-secret": secret, "minLength": 1});
        let (parameters, _) = properties(json!({"X": property}));
        let found = check_settings(&parameters, &settings(json!("hunter2")), checker);
        let found = found.unwrap_err();
        assert_eq!(found.len(), 1);
        (found[0].tag(), found[0].to_string())
    };
    let rule = BrokenRule {
        at: "/hunter2".to_owned(),
        rule: "minLength".to_owned(),
        asks: Some("8".to_owned()),
    };
    let breaks = Finds(SchemaFault::Broken(vec![rule]));
    let unusable = Finds(SchemaFault::Unusable("it is none".to_owned()));
    let table = [
        (
            false,
            Some(&breaks),
            "ParameterBreaksRule",
            "`X` breaks `minLength: 8` of its schema at `/hunter2`",
        ),
        (
            true,
            Some(&breaks),
            "ParameterBreaksRule",
            "`X` breaks `minLength: 8` of its schema",
        ),
        (
            true,
            Some(&unusable),
            "ParameterSchemaUnusable",
            "the schema of `X` cannot be used, so nothing is set: it is none",
        ),
        (
            true,
            None,
            "ParameterSchemaUnchecked",
            "`X` has a schema, and this host checks none",
        ),
    ];
    for (secret, checker, tag, words) in table {
        let checker = checker.map(|it| it as &dyn SchemaChecker);
        assert_eq!(told(secret, checker), (tag, words.to_owned()));
    }
    // As the parameter takes it: text that says a number is one.
    let (parameters, _) = properties(json!({"X": {"type": "number", "minimum": 1}}));
    let held = check_settings(&parameters, &settings(json!("5")), Some(&breaks)).unwrap();
    assert_eq!(held.plain, settings(json!(5)));
    let none = check_settings(&parameters, &settings(json!(null)), None).unwrap();
    assert!(none.plain.is_empty());
    let manifest = Manifest::from_npm(&json!({"name": "x", "version": "1.0.0"}), None).unwrap();
    assert!(manifest.value.parameters.is_empty());
}
