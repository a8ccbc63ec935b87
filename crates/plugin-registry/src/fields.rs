//! Reading single fields of a stranger's JSON object: tolerant in, strict out, everything odd reported.

use serde_json::{Map, Value};

use crate::{FindingTag, Report};

/// A JSON object being read, with where it stands and where oddities go.
#[derive(Debug)]
pub(crate) struct Fields<'m, 'r> {
    map: &'m Map<String, Value>,
    prefix: &'r str,
    report: &'r mut Report,
}

impl<'m, 'r> Fields<'m, 'r> {
    pub(crate) fn new(
        map: &'m Map<String, Value>,
        prefix: &'r str,
        report: &'r mut Report,
    ) -> Self {
        Self {
            map,
            prefix,
            report,
        }
    }

    pub(crate) fn report(&mut self) -> &mut Report {
        self.report
    }

    pub(crate) fn path(&self, name: &str) -> String {
        if self.prefix.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.prefix)
        }
    }

    /// What stands there; `null` is the same as nothing.
    pub(crate) fn get(&self, name: &str) -> Option<&'m Value> {
        self.map.get(name).filter(|value| !value.is_null())
    }

    pub(crate) fn warn(&mut self, tag: FindingTag, name: &str, reason: impl std::fmt::Display) {
        let path = self.path(name);
        self.report.warn(tag, &path, reason);
    }

    pub(crate) fn wrong_type(&mut self, name: &str, value: &Value, expected: &str) {
        self.warn(
            FindingTag::WrongType,
            name,
            format_args!("is {} where {expected} should be; left out", type_of(value)),
        );
    }

    /// One line of text, at most `limit` characters; nothing when it is empty.
    pub(crate) fn line(&mut self, name: &str, limit: usize) -> Option<String> {
        let value = self.get(name)?;
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => {
                self.warn(FindingTag::Converted, name, "is a number, read as text");
                number.to_string()
            }
            other => {
                self.wrong_type(name, other, "text");
                return None;
            }
        };
        self.tidy(name, &text, limit)
    }

    /// `text` on one line, cut to `limit` characters.
    pub(crate) fn tidy(&mut self, name: &str, text: &str, limit: usize) -> Option<String> {
        let (line, cut) = one_line(text, limit);
        if cut {
            self.warn(
                FindingTag::TooLarge,
                name,
                format_args!("is longer than {limit} characters; cut"),
            );
        }
        (!line.is_empty()).then_some(line)
    }

    /// A list of lines: an array of texts, or one text with commas; at most `limit` of them.
    pub(crate) fn lines(&mut self, name: &str, limit: usize) -> Vec<String> {
        let mut found = Vec::new();
        match self.get(name) {
            None => return found,
            Some(Value::Array(items)) => {
                let mut odd = 0_usize;
                for item in items {
                    match item {
                        Value::String(text) => found.extend(Some(one_line(text, 100).0)),
                        _ => odd += 1,
                    }
                }
                if odd > 0 {
                    self.warn(
                        FindingTag::WrongType,
                        name,
                        format_args!("holds {odd} values that are no text; left out"),
                    );
                }
            }
            Some(Value::String(text)) => {
                self.warn(FindingTag::Converted, name, "is text, read as a list");
                found.extend(text.split(',').map(|part| one_line(part, 100).0));
            }
            Some(other) => self.wrong_type(name, other, "a list of texts"),
        }
        found.retain(|line| !line.is_empty());
        if found.len() > limit {
            self.warn(
                FindingTag::TooLarge,
                name,
                format_args!("has more than {limit} values; the rest is left out"),
            );
            found.truncate(limit);
        }
        found
    }

    /// An object; anything else is reported.
    pub(crate) fn object(&mut self, name: &str) -> Option<&'m Map<String, Value>> {
        match self.get(name)? {
            Value::Object(map) => Some(map),
            other => {
                self.wrong_type(name, other, "an object");
                None
            }
        }
    }

    /// A whole number that is not negative.
    pub(crate) fn count(&mut self, name: &str) -> Option<u64> {
        let value = self.get(name)?;
        if let Some(count) = value.as_u64() {
            return Some(count);
        }
        if let Some(count) = value.as_str().and_then(|text| text.trim().parse().ok()) {
            self.warn(FindingTag::Converted, name, "is text, read as a number");
            return Some(count);
        }
        self.wrong_type(name, value, "a whole number");
        None
    }
}

/// What a value is, in words.
pub(crate) fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// `text` with every run of white space and control characters as one space, at most `limit`
/// characters, and whether it was cut.
pub(crate) fn one_line(text: &str, limit: usize) -> (String, bool) {
    let mut line = String::new();
    let mut taken = 0_usize;
    let mut gap = false;
    for c in text.chars() {
        if c.is_whitespace() || c.is_control() {
            gap = !line.is_empty();
            continue;
        }
        if taken + usize::from(gap) >= limit {
            return (line, true);
        }
        if gap {
            line.push(' ');
            taken += 1;
            gap = false;
        }
        line.push(c);
        taken += 1;
    }
    (line, false)
}
