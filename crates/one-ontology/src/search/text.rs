//! The texts that rows are found by, and their words.

use std::collections::BTreeSet;

use crate::{Knowledge, Thing};

/// The text that things are found by: name (counted three times), description, keywords.
#[must_use]
pub fn thing_text(thing: &Thing) -> String {
    let mut text = [thing.name.as_str(); 3].join(" ");
    for property in ["description", "keywords"] {
        match thing.properties.get(property) {
            Some(serde_json::Value::String(words)) => {
                text.push(' ');
                text.push_str(words);
            }
            Some(serde_json::Value::Array(words)) => {
                for word in words.iter().filter_map(serde_json::Value::as_str) {
                    text.push(' ');
                    text.push_str(word);
                }
            }
            _ => {}
        }
    }
    text
}

/// The text that knowledge is found by.
#[must_use]
pub fn knowledge_text(knowledge: &Knowledge) -> String {
    knowledge.text.clone().unwrap_or_default()
}

/// The words of a text: runs of letters and digits, in lower case, at most 64 characters each.
pub fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| word.chars().flat_map(char::to_lowercase).take(64).collect())
}

/// The words to look for, each once, at most 32.
#[must_use]
pub fn terms(text: &str) -> BTreeSet<String> {
    let mut terms = BTreeSet::new();
    for word in words(text) {
        terms.insert(word);
        if terms.len() == 32 {
            break;
        }
    }
    terms
}
