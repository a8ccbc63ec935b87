//! Reading JSON that strangers wrote: bounded, and with every duplicate key noticed.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::{FindingTag, Parsed, RegistryError, Report};

/// The most bytes of a document that are read.
pub const MAX_DOCUMENT_BYTES: usize = 64 << 20;

/// Reads a JSON document as JavaScript does (the last of several equal keys counts), with a
/// warning for each duplicate key and for a byte order mark.
///
/// Nesting deeper than 128 and more than [`MAX_DOCUMENT_BYTES`] are refused, so that whatever
/// walks the value may do so recursively.
///
/// # Errors
/// `ParseError` with line and column; the document gives nothing then.
pub fn read_json(what: &str, bytes: &[u8]) -> Result<Parsed<Value>, RegistryError> {
    if bytes.len() > MAX_DOCUMENT_BYTES {
        return Err(RegistryError::parse_error(
            what,
            &format!("it is larger than {MAX_DOCUMENT_BYTES} bytes"),
        ));
    }
    let mut report = Report::new();
    let body = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if body.len() < bytes.len() {
        report.warn(FindingTag::UnusualForm, "", "begins with a byte order mark");
    }
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let value = Node {
        path: "",
        report: &mut report,
    }
    .deserialize(&mut deserializer)
    .and_then(|value| deserializer.end().map(|()| value))
    .map_err(|error| located(what, &error))?;
    Ok(Parsed { value, report })
}

fn located(what: &str, error: &serde_json::Error) -> RegistryError {
    let text = error.to_string();
    let reason = text.split(" at line ").next().unwrap_or(&text);
    let mut located = RegistryError::parse_error(what, reason);
    if let RegistryError::ParseError { line, column, .. } = &mut located {
        *line = error.line() as u64;
        *column = error.column() as u64;
    }
    located
}

/// One place of the document, with where it is.
struct Node<'a> {
    path: &'a str,
    report: &'a mut Report,
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let path = below(self.path, "[]");
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Node {
            path: &path,
            report: self.report,
        })? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            let path = below(self.path, &key);
            let value = entries.next_value_seed(Node {
                path: &path,
                report: self.report,
            })?;
            if map.insert(key, value).is_some() {
                self.report.warn(
                    FindingTag::DuplicateKey,
                    &path,
                    "stands there more than once; the last one counts",
                );
            }
        }
        Ok(Value::Object(map))
    }
}

fn below(path: &str, key: &str) -> String {
    // Paths are for people: what is too long to read is not carried along.
    let key: String = key.chars().take(100).collect();
    if path.is_empty() {
        key
    } else if path.len() > 300 {
        path.to_owned()
    } else {
        format!("{path}.{key}")
    }
}
