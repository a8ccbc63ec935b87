//! JSON with one spelling.

use serde_json::{Map, Value};

/// The one spelling of a JSON value: names in byte order, no white space, numbers and texts as
/// `serde_json` writes them. Does not depend on how the value's maps are ordered.
///
/// ```
/// use one_ontology::canonical_json;
/// use serde_json::json;
///
/// assert_eq!(canonical_json(&json!({"b": [1, "é"], "a": null})), r#"{"a":null,"b":[1,"é"]}"#);
/// ```
#[must_use]
pub fn canonical_json(value: &Value) -> String {
    let mut out = String::new();
    write(&mut out, vec![Part::Value(value)]);
    out
}

/// The one spelling of an object, behind what is there.
pub(crate) fn canonical_object(out: &mut String, map: &Map<String, Value>) {
    let mut parts = Vec::new();
    object(out, &mut parts, map);
    write(out, parts);
}

/// The stack is on the heap: a value may be deeper than a thread's stack allows.
fn write(out: &mut String, mut parts: Vec<Part<'_>>) {
    while let Some(part) = parts.pop() {
        match part {
            Part::Text(text) => out.push_str(text),
            Part::Name(name) => {
                out.push_str(&Value::from(name).to_string());
                out.push(':');
            }
            Part::Value(Value::Array(items)) => {
                out.push('[');
                parts.push(Part::Text("]"));
                for (i, item) in items.iter().enumerate().rev() {
                    parts.push(Part::Value(item));
                    if i > 0 {
                        parts.push(Part::Text(","));
                    }
                }
            }
            Part::Value(Value::Object(map)) => object(out, &mut parts, map),
            Part::Value(scalar) => out.push_str(&scalar.to_string()),
        }
    }
}

fn object<'a>(out: &mut String, parts: &mut Vec<Part<'a>>, map: &'a Map<String, Value>) {
    let mut names: Vec<_> = map.iter().collect();
    names.sort_unstable_by_key(|(name, _)| name.as_str());
    out.push('{');
    parts.push(Part::Text("}"));
    for (i, (name, item)) in names.into_iter().enumerate().rev() {
        parts.push(Part::Value(item));
        parts.push(Part::Name(name));
        if i > 0 {
            parts.push(Part::Text(","));
        }
    }
}

enum Part<'a> {
    Text(&'static str),
    Name(&'a str),
    Value(&'a Value),
}
