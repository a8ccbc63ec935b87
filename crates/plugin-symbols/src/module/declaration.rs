//! Names that `const a = 1, { b, c: [d] } = x` declares.

use crate::lexer::{Kind, Tokens};

/// The names declared by the list that begins at `at`, and the place behind it. None if this is no such list.
pub(super) fn variables(tokens: &Tokens<'_>, at: usize) -> Option<(Vec<String>, usize)> {
    let mut names = Vec::new();
    let mut at = at;
    loop {
        at = target(tokens, at, &mut names)?;
        if tokens.is_mark(at, b'=') {
            at = after_expression(tokens, at + 1);
        }
        if !tokens.is_mark(at, b',') {
            return Some((names, at));
        }
        at += 1;
    }
}

/// A name or a pattern at `at`: its names go to `names`; the place behind it.
fn target(tokens: &Tokens<'_>, at: usize, names: &mut Vec<String>) -> Option<usize> {
    if let Some(word) = tokens.word(at) {
        names.push(word.to_owned());
        return Some(at + 1);
    }
    if !(tokens.is_mark(at, b'{') || tokens.is_mark(at, b'[')) {
        return None;
    }
    let end = tokens.after_brackets(at);
    pattern(tokens, at, end, names)?;
    Some(end)
}

/// The names in a pattern, which is from `at` to `end`. Nested ones are taken word by word: in
/// a pattern a name is declared where it stands behind `{`, `[`, `,`, `:` or `...` and is not itself followed
/// by a `:`; values after `=` and computed keys are skipped.
fn pattern(tokens: &Tokens<'_>, at: usize, end: usize, names: &mut Vec<String>) -> Option<()> {
    // Which bracket each open one is.
    let mut open: Vec<u8> = Vec::new();
    let mut at = at;
    while at < end {
        let is_key = open.last() == Some(&b'{') && !tokens.is_mark(at.checked_sub(1)?, b':');
        match tokens.get(at)?.kind {
            Kind::Mark(b'[') if is_key => {
                at = tokens.after_brackets(at);
                continue;
            }
            Kind::Mark(mark @ (b'{' | b'[')) => open.push(mark),
            Kind::Mark(b'}' | b']') => {
                open.pop();
            }
            Kind::Mark(b'=') => {
                at = after_value(tokens, at);
                continue;
            }
            Kind::Mark(b',' | b':' | b'.') => {}
            Kind::Word if is_key && tokens.is_mark(at + 1, b':') => {}
            Kind::Word => names.push(tokens.word(at)?.to_owned()),
            Kind::Text | Kind::Number if is_key => {}
            _ => return None,
        }
        at += 1;
    }
    Some(())
}

/// The place of the `,` or the bracket that ends the default value at `at`, within a pattern.
fn after_value(tokens: &Tokens<'_>, at: usize) -> usize {
    let depth = tokens.get(at).map_or(0, |token| token.depth);
    let mut at = at;
    while let Some(token) = tokens.get(at) {
        if token.depth < depth || (token.depth == depth && token.kind == Kind::Mark(b',')) {
            break;
        }
        at += 1;
    }
    at
}

/// The place behind an expression at the top of a file: a `,`, a `;`, or where a new line begins something that cannot continue it.
pub(super) fn after_expression(tokens: &Tokens<'_>, at: usize) -> usize {
    let mut place = at;
    while let Some(token) = tokens.get(place) {
        let ends = token.depth == 0
            && (matches!(token.kind, Kind::Mark(b',' | b';'))
                // Reserved: it begins a statement, or the file makes no sense.
                || tokens.is_word(place, "export") && !tokens.is_member(place)
                || (place > at && token.new_line && begins_statement(tokens, place)));
        if ends {
            break;
        }
        place += 1;
    }
    place
}

/// Whether the word at the beginning of a line cannot belong to the expression on the line before.
fn begins_statement(tokens: &Tokens<'_>, at: usize) -> bool {
    let Some(before) = at.checked_sub(1).and_then(|at| tokens.get(at)) else {
        return true;
    };
    let ends_operand = match before.kind {
        Kind::Mark(mark) => matches!(mark, b')' | b']' | b'}'),
        Kind::Word => !tokens.word(at - 1).is_some_and(awaits_more),
        Kind::Number | Kind::Text | Kind::Template | Kind::Regex => true,
    };
    let begins_operand = match tokens.get(at).map(|token| token.kind) {
        Some(Kind::Word) => !matches!(
            tokens.word(at),
            Some("in" | "instanceof" | "extends" | "as")
        ),
        Some(Kind::Number | Kind::Text | Kind::Regex) => true,
        Some(Kind::Mark(mark)) => matches!(mark, b'{' | b'@'),
        Some(Kind::Template) | None => false,
    };
    ends_operand && begins_operand
}

fn awaits_more(word: &str) -> bool {
    matches!(
        word,
        "await"
            | "typeof"
            | "void"
            | "delete"
            | "new"
            | "yield"
            | "in"
            | "instanceof"
            | "function"
            | "class"
            | "extends"
    )
}
