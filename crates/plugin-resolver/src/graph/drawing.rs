//! Foreign text in the languages of pictures.

use std::fmt::Write as _;

/// Text within the quotes of DOT, where only the quote and the backslash mean something.
pub(crate) fn dot_text(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

/// Text within the quotes of Mermaid: what might mean something there, or in the HTML it becomes, as its number.
pub(crate) fn mermaid_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_alphanumeric() || " @/.,:^~*=+-_()".contains(c) {
            out.push(c);
        } else {
            let _ = write!(out, "#{};", u32::from(c));
        }
    }
    out
}
