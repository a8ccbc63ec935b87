//! From characters to words, in one pass and without recursion.
//!
//! The hard part of reading JavaScript without a grammar is whether `/` divides or begins a regular
//! expression. What stood before decides, and for `)` and `}` what stood before their partner;
//! so do the lexers that Node and the bundlers use. Where that is ever wrong, quotes or
//! brackets do not come out even, and the file is refused instead of being misread.

use super::{Kind, Token, Tokens};
use crate::Unreadable;
use crate::limits::{MAX_FILE_BYTES, MAX_TOKENS};

/// The words of a file.
///
/// # Errors
/// Too large, or not the JavaScript that this program knows.
pub(crate) fn scan(source: &str) -> Result<Tokens<'_>, Unreadable> {
    if source.len() > MAX_FILE_BYTES {
        return Err(Unreadable::TooLarge {
            limit: MAX_FILE_BYTES,
        });
    }
    let mut scanner = Scanner {
        bytes: source.as_bytes(),
        at: 0,
        tokens: Vec::with_capacity(source.len() / 6),
        open: Vec::new(),
        blocks: 0,
        new_line: true,
        slash: Slash::BeginsRegex,
    };
    scanner.run()?;
    Ok(Tokens::new(source, scanner.tokens))
}

/// What a `/` would mean at this place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slash {
    BeginsRegex,
    Divides,
}

/// A bracket that is open.
#[derive(Clone, Copy, Debug)]
struct Open {
    closed_by: u8,
    /// It is `${`: what follows its partner is template again.
    in_template: bool,
    /// What a `/` after its partner means.
    slash: Slash,
}

#[derive(Debug)]
struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
    tokens: Vec<Token>,
    open: Vec<Open>,
    /// How many of the open brackets are `{`.
    blocks: usize,
    new_line: bool,
    slash: Slash,
}

impl Scanner<'_> {
    fn run(&mut self) -> Result<(), Unreadable> {
        if self.bytes.starts_with(b"#!") {
            self.skip_line();
        }
        loop {
            self.skip_space()?;
            let Some(byte) = self.peek(0) else { break };
            if self.tokens.len() >= MAX_TOKENS {
                return Err(Unreadable::TooManyWords { limit: MAX_TOKENS });
            }
            match byte {
                b'"' | b'\'' => self.text(byte)?,
                b'`' => self.template(1)?,
                b'0'..=b'9' => self.number(),
                b'.' if self.peek(1).is_some_and(|next| next.is_ascii_digit()) => self.number(),
                b'/' if self.slash == Slash::BeginsRegex => self.regex()?,
                b'(' | b'[' | b'{' => self.opening(byte),
                b')' | b']' | b'}' => self.closing(byte)?,
                byte if is_word(byte) || byte == b'#' || byte == b'\\' => self.word(),
                byte => self.mark(byte),
            }
        }
        match self.open.last() {
            None => Ok(()),
            Some(_) => Err(self.unreadable("a bracket is not closed")),
        }
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    fn rest(&self) -> &[u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    fn unreadable(&self, what: &'static str) -> Unreadable {
        let before = self.bytes.get(..self.at).unwrap_or_default();
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        Unreadable::Syntax { line, what }
    }

    fn push(&mut self, kind: Kind, start: usize, slash: Slash) {
        let narrow = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        self.tokens.push(Token {
            kind,
            start: narrow(start),
            end: narrow(self.at),
            depth: narrow(self.open.len()),
            in_block: self.blocks > 0,
            new_line: std::mem::take(&mut self.new_line),
        });
        self.slash = slash;
    }

    fn skip_space(&mut self) -> Result<(), Unreadable> {
        while let Some(byte) = self.peek(0) {
            match byte {
                b'\n' | b'\r' => {
                    self.new_line = true;
                    self.at += 1;
                }
                b' ' | b'\t' | 0x0b | 0x0c => self.at += 1,
                b'/' if self.peek(1) == Some(b'/') => self.skip_line(),
                b'/' if self.peek(1) == Some(b'*') => self.skip_comment()?,
                0xc2..=0xef => match wide_space(self.rest()) {
                    Some((length, is_line_end)) => {
                        self.new_line |= is_line_end;
                        self.at += length;
                    }
                    None => break,
                },
                _ => break,
            }
        }
        Ok(())
    }

    fn skip_line(&mut self) {
        while let Some(byte) = self.peek(0) {
            let ends = matches!(byte, b'\n' | b'\r')
                || byte == 0xe2 && matches!(wide_space(self.rest()), Some((_, true)));
            if ends {
                break;
            }
            self.at += 1;
        }
    }

    fn skip_comment(&mut self) -> Result<(), Unreadable> {
        let body = self.bytes.get(self.at + 2..).unwrap_or_default();
        let Some(length) = body.windows(2).position(|pair| pair == b"*/") else {
            return Err(self.unreadable("a comment is not closed"));
        };
        let comment = body.get(..length).unwrap_or_default();
        self.new_line |= comment.contains(&b'\n') || comment.contains(&b'\r');
        self.at += length + 4;
        Ok(())
    }

    fn text(&mut self, quote: u8) -> Result<(), Unreadable> {
        let start = self.at;
        self.at += 1;
        loop {
            match self.peek(0) {
                Some(byte) if byte == quote => break,
                Some(b'\\') => self.at += 2,
                Some(b'\n' | b'\r') | None => {
                    return Err(self.unreadable("a text is not closed"));
                }
                Some(_) => self.at += 1,
            }
        }
        self.at += 1;
        self.push(Kind::Text, start, Slash::Divides);
        Ok(())
    }

    /// A template from its first character, or from what follows an expression in it, up to the
    /// next expression or its end.
    fn template(&mut self, skip: usize) -> Result<(), Unreadable> {
        let start = self.at;
        self.at += skip;
        loop {
            match self.peek(0) {
                Some(b'`') => {
                    self.at += 1;
                    self.push(Kind::Template, start, Slash::Divides);
                    return Ok(());
                }
                Some(b'$') if self.peek(1) == Some(b'{') => {
                    self.push(Kind::Template, start, Slash::BeginsRegex);
                    let brace = self.at;
                    self.at += 2;
                    self.push(Kind::Mark(b'{'), brace, Slash::BeginsRegex);
                    self.blocks += 1;
                    self.open.push(Open {
                        closed_by: b'}',
                        in_template: true,
                        slash: Slash::Divides,
                    });
                    return Ok(());
                }
                Some(b'\\') => self.at += 2,
                Some(_) => self.at += 1,
                None => return Err(self.unreadable("a template is not closed")),
            }
        }
    }

    fn number(&mut self) {
        let start = self.at;
        let mut last = 0;
        while let Some(byte) = self.peek(0) {
            let sign_of_exponent = matches!(byte, b'+' | b'-')
                && matches!(last, b'e' | b'E')
                && !matches!(self.bytes.get(start..start + 2), Some(b"0x" | b"0X"));
            if !(byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.') || sign_of_exponent) {
                break;
            }
            last = byte;
            self.at += 1;
        }
        self.push(Kind::Number, start, Slash::Divides);
    }

    fn regex(&mut self) -> Result<(), Unreadable> {
        let start = self.at;
        let mut in_class = false;
        loop {
            self.at += 1;
            match self.peek(0) {
                Some(b'\n' | b'\r') | None => {
                    return Err(self.unreadable("a regular expression is not closed"));
                }
                Some(b'\\') => self.at += 1,
                Some(b'[') => in_class = true,
                Some(b']') => in_class = false,
                Some(b'/') if !in_class => break,
                Some(_) => {}
            }
        }
        self.at += 1;
        while self.peek(0).is_some_and(is_word) {
            self.at += 1;
        }
        self.push(Kind::Regex, start, Slash::Divides);
        Ok(())
    }

    fn word(&mut self) {
        let start = self.at;
        self.at += 1;
        while let Some(byte) = self.peek(0) {
            let is_part = match byte {
                0xc2..=0xef => wide_space(self.rest()).is_none(),
                b'\\' => true,
                b'{' => self.word_since(start).ends_with(b"\\u"),
                b'}' => self.closes_escape(start),
                byte => is_word(byte),
            };
            if !is_part {
                break;
            }
            self.at += 1;
        }
        let is_member = matches!(self.tokens.last(), Some(t) if t.kind == Kind::Mark(b'.'));
        let slash = if !is_member && expects_operand(self.word_since(start)) {
            Slash::BeginsRegex
        } else {
            Slash::Divides
        };
        self.push(Kind::Word, start, slash);
    }

    fn word_since(&self, start: usize) -> &[u8] {
        self.bytes.get(start..self.at).unwrap_or_default()
    }

    /// Whether the `}` here ends an escape `\u{...}` of the word.
    fn closes_escape(&self, start: usize) -> bool {
        let mut back = self.word_since(start).iter().rev();
        back.find(|byte| matches!(byte, b'{' | b'}')) == Some(&b'{')
    }

    fn mark(&mut self, byte: u8) {
        let start = self.at;
        let doubled = matches!(byte, b'+' | b'-')
            && matches!(self.tokens.last(), Some(last)
                if last.kind == Kind::Mark(byte) && last.end as usize == start);
        // `a++ / b` divides, and so does `a / b`; `++/x/` is nothing. The second sign restores what held before the first.
        let before_pair = self.tokens.len().checked_sub(2);
        let slash = match before_pair.and_then(|at| self.tokens.get(at)) {
            Some(operand) if doubled && ends_operand(operand.kind) => Slash::Divides,
            _ => Slash::BeginsRegex,
        };
        self.at += 1;
        self.push(Kind::Mark(byte), start, slash);
    }

    fn opening(&mut self, byte: u8) {
        let start = self.at;
        let slash = match byte {
            b'(' => self.slash_after_paren(),
            b'[' => Slash::Divides,
            _ => self.slash_after_brace(),
        };
        self.at += 1;
        self.push(Kind::Mark(byte), start, Slash::BeginsRegex);
        self.blocks += usize::from(byte == b'{');
        self.open.push(Open {
            closed_by: match byte {
                b'(' => b')',
                b'[' => b']',
                _ => b'}',
            },
            in_template: false,
            slash,
        });
    }

    fn closing(&mut self, byte: u8) -> Result<(), Unreadable> {
        let Some(open) = self.open.pop().filter(|open| open.closed_by == byte) else {
            return Err(self.unreadable("a bracket closes none"));
        };
        self.blocks -= usize::from(byte == b'}');
        let start = self.at;
        self.at += 1;
        self.push(Kind::Mark(byte), start, open.slash);
        if open.in_template {
            self.template(0)?;
        }
        Ok(())
    }

    /// After `if (..)` an operand follows, after `f(..)` an operator.
    fn slash_after_paren(&self) -> Slash {
        match self.last_word() {
            Some(b"if" | b"while" | b"for" | b"with") => Slash::BeginsRegex,
            Some(b"await") if self.word_before(1) == Some(b"for") => Slash::BeginsRegex,
            _ => Slash::Divides,
        }
    }

    /// After a block a statement follows, after an object an operator.
    fn slash_after_brace(&self) -> Slash {
        let Some(last) = self.tokens.last() else {
            return Slash::BeginsRegex;
        };
        match last.kind {
            Kind::Mark(b';' | b'{' | b'}' | b')') => Slash::BeginsRegex,
            Kind::Mark(b'>') => {
                let equals = self.tokens.len().checked_sub(2);
                let equals = equals.and_then(|at| self.tokens.get(at));
                if equals.is_some_and(|t| t.kind == Kind::Mark(b'=') && t.end == last.start) {
                    Slash::BeginsRegex
                } else {
                    Slash::Divides
                }
            }
            Kind::Mark(_) => Slash::Divides,
            Kind::Word => match self.last_word() {
                Some(b"else" | b"do") | None => Slash::BeginsRegex,
                Some(word) if expects_operand(word) => Slash::Divides,
                Some(_) => Slash::BeginsRegex,
            },
            Kind::Number | Kind::Text | Kind::Template | Kind::Regex => Slash::BeginsRegex,
        }
    }

    /// The last word, unless it is a member's name.
    fn last_word(&self) -> Option<&[u8]> {
        self.word_before(0)
    }

    fn word_before(&self, back: usize) -> Option<&[u8]> {
        let at = self.tokens.len().checked_sub(1 + back)?;
        let token = self.tokens.get(at)?;
        let dot = at.checked_sub(1).and_then(|at| self.tokens.get(at));
        let is_member = dot.is_some_and(|dot| dot.kind == Kind::Mark(b'.'));
        (token.kind == Kind::Word && !is_member)
            .then(|| self.bytes.get(token.start as usize..token.end as usize))?
    }
}

/// Words after which an operand comes, so that a `/` begins a regular expression and a `{` an object.
fn expects_operand(word: &[u8]) -> bool {
    matches!(
        word,
        b"return"
            | b"typeof"
            | b"instanceof"
            | b"in"
            | b"new"
            | b"void"
            | b"delete"
            | b"throw"
            | b"case"
            | b"do"
            | b"else"
            | b"yield"
            | b"await"
            | b"default"
            | b"extends"
    )
}

fn ends_operand(kind: Kind) -> bool {
    match kind {
        Kind::Mark(byte) => matches!(byte, b')' | b']' | b'}'),
        Kind::Word | Kind::Number | Kind::Text | Kind::Template | Kind::Regex => true,
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$') || byte >= 0x80
}

/// The length of a space beyond ASCII that stands here, and whether it ends a line.
fn wide_space(rest: &[u8]) -> Option<(usize, bool)> {
    match rest {
        [0xc2, 0xa0, ..] => Some((2, false)),
        [0xe2, 0x80, 0xa8 | 0xa9, ..] => Some((3, true)),
        [0xe2, 0x80, 0x80..=0x8a | 0xaf, ..]
        | [0xe2, 0x81, 0x9f, ..]
        | [0xe3, 0x80, 0x80, ..]
        | [0xe1, 0x9a, 0x80, ..]
        | [0xef, 0xbb, 0xbf, ..] => Some((3, false)),
        _ => None,
    }
}
