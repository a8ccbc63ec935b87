//! What is kept of an input: without what looks like a secret, and bounded.

use std::collections::BTreeSet;

use one_ontology::{excerpt, vocabulary};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::secretive::{is_secret_name, without_secrets};

/// The most that is kept of an input, as JSON, in bytes.
const MAX_BYTES: usize = 4_096;
/// The most characters of one text.
const MAX_TEXT: usize = 500;
/// The most characters of a name.
const MAX_NAME: usize = 100;
/// The most items of a list, and entries of an object.
const MAX_ITEMS: usize = 50;
/// The deepest nesting.
const MAX_DEPTH: usize = 8;

/// What stands where a secret stood.
pub(crate) const SECRET: &str = "[secret]";
/// What stands where there was too much.
const CUT: &str = "[cut]";

vocabulary! {
    /// Whether all of an input was kept.
    closed Kept ("`whole` or `cut`") {
        /// It is as it was given.
        Whole = "whole",
        /// Something looked like a secret, or was too long.
        Cut = "cut",
    }
}

/// What is kept of an input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedInput {
    /// The input, as far as it is kept.
    pub value: Value,
    /// Whether that is all of it.
    pub kept: Kept,
}

impl RecordedInput {
    /// What is kept of `input`: values under names that are `secret` or sound like a secret, and
    /// words that look like one, become `[secret]`; what is long, deep or many is cut to at most
    /// 4 KiB of JSON.
    ///
    /// It knows shapes and names, not meanings: a secret in prose that neither looks nor is called
    /// like one stays.
    ///
    /// ```
    /// use plugin_lifecycle::{Kept, RecordedInput};
    /// use serde_json::json;
    ///
    /// let recorded = RecordedInput::of(&json!({"query": "refunds", "apiKey": "hush"}), &[]);
    /// assert_eq!(recorded.value, json!({"query": "refunds", "apiKey": "[secret]"}));
    /// assert_eq!(recorded.kept, Kept::Cut);
    /// assert_eq!(RecordedInput::of(&json!({"n": 1}), &[]).kept, Kept::Whole);
    /// ```
    #[must_use]
    pub fn of(input: &Value, secret: &[&str]) -> Self {
        let mut keeper = Keeper {
            secret: secret.iter().map(|name| plain(name)).collect(),
            left: MAX_BYTES,
            kept: Kept::Whole,
        };
        let value = keeper.value(input, 0);
        Self {
            value,
            kept: keeper.kept,
        }
    }
}

/// A name without what spellings differ in.
fn plain(name: &str) -> String {
    let letters = name.chars().filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

struct Keeper {
    secret: BTreeSet<String>,
    /// How many bytes may still be kept.
    left: usize,
    kept: Kept,
}

impl Keeper {
    fn cut(&mut self, instead: &str) -> Value {
        self.kept = Kept::Cut;
        self.left = self.left.saturating_sub(instead.len() + 2);
        Value::from(instead)
    }

    /// Takes so many bytes, or says that there is no room for them.
    fn takes(&mut self, bytes: usize) -> bool {
        match self.left.checked_sub(bytes) {
            Some(left) => {
                self.left = left;
                true
            }
            None => false,
        }
    }

    fn value(&mut self, value: &Value, depth: usize) -> Value {
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => {
                if self.takes(value.to_string().len()) {
                    value.clone()
                } else {
                    self.cut(CUT)
                }
            }
            Value::String(text) => self.text(text),
            Value::Array(_) | Value::Object(_) if depth >= MAX_DEPTH => self.cut(CUT),
            Value::Array(items) => self.list(items, depth),
            Value::Object(map) => self.object(map, depth),
        }
    }

    fn text(&mut self, text: &str) -> Value {
        // Only as much is looked at as may be kept, with room for a secret that begins in it.
        let long: String = text.chars().take(MAX_TEXT * 4).collect();
        let open = without_secrets(&long);
        let short = excerpt(&open, MAX_TEXT);
        if short != text {
            self.kept = Kept::Cut;
        }
        // Quotes, and at most one escape for each byte.
        if self.takes(2 + 2 * short.len()) {
            Value::from(short)
        } else {
            self.cut(CUT)
        }
    }

    fn list(&mut self, items: &[Value], depth: usize) -> Value {
        if !self.takes(2) {
            return self.cut(CUT);
        }
        let mut kept = Vec::new();
        for item in items {
            if kept.len() == MAX_ITEMS || !self.takes(1) {
                kept.push(self.cut(CUT));
                break;
            }
            kept.push(self.value(item, depth + 1));
        }
        Value::Array(kept)
    }

    fn object(&mut self, map: &Map<String, Value>, depth: usize) -> Value {
        if !self.takes(2) {
            return self.cut(CUT);
        }
        let mut kept = Map::new();
        for (name, value) in map {
            let short = excerpt(&without_secrets(name), MAX_NAME);
            if kept.len() == MAX_ITEMS || !self.takes(4 + 2 * short.len()) {
                self.kept = Kept::Cut;
                kept.insert("…".to_owned(), Value::from(CUT));
                break;
            }
            if short != *name {
                self.kept = Kept::Cut;
            }
            let is_secret =
                self.secret.contains(&plain(name)) || is_secret_name(&plain(name), value);
            let value = if is_secret {
                self.cut(SECRET)
            } else {
                self.value(value, depth + 1)
            };
            kept.insert(short, value);
        }
        Value::Object(kept)
    }
}
