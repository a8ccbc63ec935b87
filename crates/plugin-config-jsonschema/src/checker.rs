//! The checker.

use jsonschema::{Draft, PatternOptions, ValidationError, Validator};
use one_ontology::excerpt;
use plugin_registry::{BrokenRule, ParameterSchema, SchemaChecker, SchemaFault};
use serde_json::Value;

use crate::bounds::{is_too_deep, refuse_unbounded, values};

/// The most errors that are made of one value, some 10 MB of them; where there may be more, the first is told alone.
const MAX_ERRORS: usize = 50_000;
/// The most rules that are told of one value.
const MAX_RULES: usize = 10;
/// The most bytes that one pattern may be compiled to.
const MAX_PATTERN_BYTES: usize = 1 << 20;
/// The longest part of a schema that is told, in bytes.
const MAX_ASKED: usize = 120;

/// Checks values against JSON Schemas of draft 2020-12. See the page of this crate for what of it.
#[derive(Clone, Copy, Debug, Default)]
pub struct JsonSchemas(());

impl JsonSchemas {
    /// A checker. It keeps nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self(())
    }
}

impl SchemaChecker for JsonSchemas {
    fn check(&self, schema: &ParameterSchema, value: &Value) -> Result<(), SchemaFault> {
        let schema = schema.as_value();
        let schemas = refuse_unbounded(schema).map_err(SchemaFault::Unusable)?;
        let validator = compiled(schema)?;
        if is_too_deep(value) {
            return Err(SchemaFault::Broken(vec![BrokenRule {
                at: String::new(),
                rule: "depth".to_owned(),
                asks: None,
            }]));
        }
        let Err(first) = validator.validate(value) else {
            return Ok(());
        };
        // Errors are all made before one can be looked at.
        let at_most = values(value).saturating_mul(schemas as usize);
        let broken = if at_most > MAX_ERRORS {
            vec![rule(schema, &first)]
        } else {
            let errors = validator.iter_errors(value).take(MAX_RULES);
            errors.map(|error| rule(schema, &error)).collect()
        };
        Err(SchemaFault::Broken(broken))
    }
}

fn compiled(schema: &Value) -> Result<Validator, SchemaFault> {
    // Patterns run in linear time or not at all.
    let patterns = PatternOptions::regex()
        .size_limit(MAX_PATTERN_BYTES)
        .dfa_size_limit(MAX_PATTERN_BYTES);
    let options = jsonschema::options()
        .with_draft(Draft::Draft202012)
        .should_validate_formats(false)
        .with_pattern_options(patterns)
        .offline();
    options.build(schema).map_err(|error| {
        let at = excerpt(error.instance_path().as_str(), 80);
        let keyword = error.kind().keyword();
        let place = if at.is_empty() { "/" } else { &at };
        SchemaFault::Unusable(format!("it is no JSON Schema at `{place}` ({keyword})"))
    })
}

/// What is broken, in the words of the schema. The words of the error have the value in them.
fn rule(schema: &Value, error: &ValidationError<'_>) -> BrokenRule {
    let path = error.schema_path().as_str();
    BrokenRule {
        at: excerpt(error.instance_path().as_str(), 200),
        rule: error.kind().keyword().to_owned(),
        asks: schema.pointer(path).and_then(asked),
    }
}

/// What a rule asks for, where that is short.
fn asked(rule: &Value) -> Option<String> {
    let is_plain = |value: &Value| !value.is_object() && !value.is_array();
    let short = match rule {
        Value::Object(_) => false,
        Value::Array(items) => items.iter().all(is_plain),
        _ => true,
    };
    let text = short.then(|| rule.to_string())?;
    (text.len() <= MAX_ASKED).then_some(text)
}
