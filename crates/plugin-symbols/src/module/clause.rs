//! `{ a, b as c, "d" as e }`, as it stands in imports and exports.

use crate::lexer::Tokens;

/// One `left as right`; without `as` both are the same.
#[derive(Debug)]
pub(super) struct Renamed {
    pub(super) left: String,
    pub(super) right: String,
}

/// The names of the clause that begins at `at`, and the place behind its `}`.
pub(super) fn names(tokens: &Tokens<'_>, at: usize) -> Option<(Vec<Renamed>, usize)> {
    if !tokens.is_mark(at, b'{') {
        return None;
    }
    let mut found = Vec::new();
    let mut at = at + 1;
    while !tokens.is_mark(at, b'}') {
        let left = name(tokens, at)?;
        at += 1;
        let right = if tokens.is_word(at, "as") {
            at += 2;
            name(tokens, at - 1)?
        } else {
            left.clone()
        };
        found.push(Renamed { left, right });
        if tokens.is_mark(at, b',') {
            at += 1;
        } else if !tokens.is_mark(at, b'}') {
            return None;
        }
    }
    Some((found, at + 1))
}

/// The name that stands at `at`, as a word or as a text.
pub(super) fn name(tokens: &Tokens<'_>, at: usize) -> Option<String> {
    match tokens.word(at) {
        // A name with an escape in it is the name without; nobody writes it.
        Some(word) if word.contains('\\') => None,
        Some(word) => Some(word.to_owned()),
        None => tokens.text(at),
    }
}

/// The specifier of `from "x"` at `at`.
pub(super) fn from(tokens: &Tokens<'_>, at: usize) -> Option<String> {
    tokens
        .is_word(at, "from")
        .then(|| tokens.text(at + 1))
        .flatten()
}
