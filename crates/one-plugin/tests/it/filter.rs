//! What differs from run to run, replaced by what it is.

use serde_json::Value;

/// Ids, times, digests and durations of a text.
pub(crate) fn text(text: &str) -> String {
    let mut lines = String::new();
    for line in text.lines() {
        let mut out = String::new();
        let mut word = String::new();
        for c in line.chars().chain(['\n']) {
            if c.is_ascii_alphanumeric() || matches!(c, '-' | ':' | '.') {
                word.push(c);
                continue;
            }
            out.push_str(&named(&word));
            word.clear();
            out.push(c);
        }
        lines.push_str(&durations(&out));
    }
    lines
}

/// Without what only a slow machine is told: `18 rows checked, 18/s`.
pub(crate) fn without_progress(text: &str) -> String {
    let is_progress =
        |line: &&str| line.starts_with("     ") && (line.contains("/s") || line.ends_with(" .."));
    let lines = text.lines().filter(|line| !is_progress(line));
    lines.map(|line| format!("{line}\n")).collect()
}

fn named(word: &str) -> String {
    let hex = |word: &str| word.bytes().all(|b| b.is_ascii_hexdigit());
    let digits = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit());
    let uuid = |word: &str| word.len() == 36 && word.split('-').all(hex);
    let clock = |word: &str| word.len() == 12 && word.split([':', '.']).all(digits);
    if uuid(word) {
        "[id]".to_owned()
    } else if word.len() == 64 && hex(word) {
        "[digest]".to_owned()
    } else if word.len() == 27 && word.ends_with('Z') && word.contains('T') {
        "[time]".to_owned()
    } else if clock(word) {
        "[clock]".to_owned()
    } else if matches!(word.len(), 8 | 16) && hex(word) {
        "[head]".to_owned()
    } else {
        match word.split_once(':') {
            Some((kind, id)) if uuid(id) => format!("{kind}:[id]"),
            Some((kind, key)) if key.len() == 64 && hex(key) => format!("{kind}:[key]"),
            _ => word.to_owned(),
        }
    }
}

/// `12 ms` says `[n] ms`.
fn durations(line: &str) -> String {
    let mut parts = line.split(" ms").peekable();
    let mut out = String::new();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            out.push_str(part);
        } else {
            out.push_str(part.trim_end_matches(|c: char| c.is_ascii_digit()));
            out.push_str("[n] ms");
        }
    }
    out
}

/// The same of JSON, and what was measured.
pub(crate) fn json(value: Value) -> Value {
    match value {
        Value::String(word) => Value::String(text(&word).trim_end().to_owned()),
        Value::Array(items) => items.into_iter().map(json).collect(),
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, value)| {
                let measured = name.ends_with("_us")
                    || name.ends_with("_ms")
                    || matches!(
                        name.as_str(),
                        "bytes_in" | "bytes_out" | "memory_bytes" | "similarity"
                    );
                let value = if measured && value.is_number() {
                    Value::from("[n]")
                } else {
                    json(value)
                };
                (name, value)
            })
            .collect(),
        other => other,
    }
}
