//! JSON with one spelling.

use serde_json::Value;

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
    // The stack is on the heap: a value may be deeper than a thread's stack allows.
    let mut parts = vec![Part::Value(value)];
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
            Part::Value(Value::Object(map)) => {
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
            Part::Value(scalar) => out.push_str(&scalar.to_string()),
        }
    }
    out
}

enum Part<'a> {
    Text(&'static str),
    Name(&'a str),
    Value(&'a Value),
}
