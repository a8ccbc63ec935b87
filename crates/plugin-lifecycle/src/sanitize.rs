//! What is kept of an input: without what looks like a secret, and bounded.

use std::collections::BTreeSet;

use one_ontology::{excerpt, vocabulary};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::secretive::{
    is_naming, is_secret_name, is_told_of, names_secret, plain, without_secrets,
};

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
                let text = value.to_string();
                // The number of a card may come as one.
                if value.is_number() && without_secrets(&text) != text {
                    self.cut(SECRET)
                } else if self.takes(text.len()) {
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
        let open = without_secrets(beginning(text));
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
            let before = kept.len().checked_sub(1).and_then(|at| items.get(at));
            kept.push(if is_told(before, items.len()) && !item.is_null() {
                self.cut(SECRET)
            } else {
                self.value(item, depth + 1)
            });
        }
        Value::Array(kept)
    }

    fn object(&mut self, map: &Map<String, Value>, depth: usize) -> Value {
        if !self.takes(2) {
            return self.cut(CUT);
        }
        let mut kept = Map::new();
        let told = tells(map);
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
            let beside = told && is_told_of(name) && !value.is_boolean() && !value.is_null();
            let is_secret =
                beside || self.secret.contains(&plain(name)) || is_secret_name(name, value);
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

/// As much of a text as is looked at: more than may be kept, so that a secret which begins in what is
/// kept is seen whole, and no half word or number at its end.
fn beginning(text: &str) -> &str {
    let Some((end, _)) = text.char_indices().nth(MAX_TEXT * 4) else {
        return text;
    };
    let whole = text.get(..end).unwrap_or_default();
    let words = whole.rfind(char::is_whitespace).unwrap_or(end);
    let words = whole.get(..words).unwrap_or_default();
    words.trim_end_matches(|c: char| c.is_ascii_digit() || c.is_whitespace() || "-./_,".contains(c))
}

/// Whether an object says that what stands in it is a secret: `{"name": "API_KEY", "value": ".."}`.
fn tells(map: &Map<String, Value>) -> bool {
    let mut names = map.iter().filter(|(name, _)| is_naming(name));
    names.any(|(_, value)| value.as_str().is_some_and(names_secret))
}

/// Whether what stands before an item of a list says that it is a secret: in a pair, or as an option.
fn is_told(before: Option<&Value>, length: usize) -> bool {
    let before = before.and_then(Value::as_str);
    before.is_some_and(|name| names_secret(name) && (length == 2 || name.starts_with('-')))
}
