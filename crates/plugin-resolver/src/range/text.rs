//! Range text with its white space made plain, each byte still knowing where it came from.

use std::ops::Range;

use crate::version::is_js_space;

#[derive(Debug, Clone, Default)]
pub(crate) struct Text {
    // INVARIANT: both have the same length.
    bytes: Vec<u8>,
    at: Vec<usize>,
}

impl Text {
    /// Trimmed, and every run of white space one space.
    pub(crate) fn normalized(source: &str) -> Self {
        let mut text = Self::default();
        for (at, c) in source.char_indices() {
            if is_js_space(c) {
                if !text.bytes.is_empty() && text.bytes.last() != Some(&b' ') {
                    text.push(b' ', at);
                }
            } else {
                let mut buffer = [0; 4];
                for (offset, byte) in c.encode_utf8(&mut buffer).bytes().enumerate() {
                    text.push(byte, at + offset);
                }
            }
        }
        text.trimmed()
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where a byte of this text stands in the source; one past the end for positions behind the last byte.
    pub(crate) fn source_position(&self, index: usize) -> usize {
        self.at
            .get(index)
            .copied()
            .or_else(|| self.at.last().map(|last| last + 1))
            .unwrap_or_default()
    }

    pub(crate) fn split_on(&self, separator: &[u8]) -> Vec<Self> {
        let mut parts = Vec::new();
        let mut start = 0;
        let mut index = 0;
        while index < self.bytes.len() {
            if self.rest(index).starts_with(separator) {
                parts.push(self.slice(start, index));
                index += separator.len();
                start = index;
            } else {
                index += 1;
            }
        }
        parts.push(self.slice(start, self.bytes.len()));
        parts
    }

    pub(crate) fn trimmed(&self) -> Self {
        let start = self.bytes.iter().take_while(|b| **b == b' ').count();
        let end = self.bytes.len() - self.bytes.iter().rev().take_while(|b| **b == b' ').count();
        self.slice(start, end)
    }

    /// Without build metadata, wherever it stands.
    pub(crate) fn without_builds(&self) -> Self {
        let mut text = Self::default();
        let mut index = 0;
        while let Some(&byte) = self.bytes.get(index) {
            let build = if byte == b'+' {
                build_length(self.rest(index + 1))
            } else {
                0
            };
            if build > 0 {
                index += 1 + build;
            } else {
                text.push(byte, self.source_position(index));
                index += 1;
            }
        }
        text
    }

    /// Without the one space that may stand between an operator and its version.
    pub(crate) fn without_operator_spaces(&self) -> Self {
        let tight = self.without(|rest| {
            // Everything up to the version is one piece: in `>v= 1` the space does not follow an operator.
            let mut next = usize::from(matches!(rest.first(), Some(b'<' | b'>')));
            while matches!(rest.get(next), Some(b'v' | b'=' | b' ')) {
                next += 1;
            }
            if !matches!(rest.get(next), Some(b'0'..=b'9' | b'x' | b'X' | b'*')) {
                return (next > 0).then_some((0..0, next));
            }
            let mut at = usize::from(rest.first() == Some(&b' '));
            at += usize::from(matches!(rest.get(at), Some(b'<' | b'>')));
            at += usize::from(rest.get(at) == Some(&b'='));
            let space = if rest.get(at) == Some(&b' ') {
                at..at + 1
            } else {
                0..0
            };
            // The whole version is passed over: the `v` that ends `1.2.3-v` is not the prefix of what follows.
            Some((
                space,
                next + version_length(rest.get(next..).unwrap_or_default()),
            ))
        });
        // `~ 1.2`, `~> 1.2` and `^ 1.2`, whatever follows: the space goes, and the arrow with it.
        tight.without(|rest| match rest {
            [b'~', b'>', b' ', ..] => Some((1..3, 3)),
            [b'~' | b'^', b' ', ..] => Some((1..2, 2)),
            _ => None,
        })
    }

    /// At each position `find` may name what to leave out (a range from that position) and where to go on.
    fn without(&self, find: impl Fn(&[u8]) -> Option<(Range<usize>, usize)>) -> Self {
        let mut text = Self::default();
        let mut index = 0;
        while index < self.bytes.len() {
            let (left_out, step) = find(self.rest(index)).unwrap_or((0..0, 1));
            let piece = self.rest(index).iter().take(step);
            for (offset, &byte) in piece.enumerate().filter(|(i, _)| !left_out.contains(i)) {
                text.push(byte, self.source_position(index + offset));
            }
            index += step;
        }
        text
    }

    fn rest(&self, index: usize) -> &[u8] {
        self.bytes.get(index..).unwrap_or_default()
    }

    fn slice(&self, start: usize, end: usize) -> Self {
        Self {
            bytes: self.bytes.get(start..end).unwrap_or_default().to_vec(),
            at: self.at.get(start..end).unwrap_or_default().to_vec(),
        }
    }

    fn push(&mut self, byte: u8, at: usize) {
        self.bytes.push(byte);
        self.at.push(at);
    }
}

/// How many bytes of dot-separated identifiers the text begins with.
fn build_length(text: &[u8]) -> usize {
    dotted_length(text, |rest| {
        run(rest, |b| b.is_ascii_alphanumeric() || *b == b'-')
    })
}

/// How many bytes belong to the version that the text begins with: a full one, read loosely, or else a partial one.
fn version_length(text: &[u8]) -> usize {
    let full = numbers(text, |rest| run(rest, u8::is_ascii_digit).min(256));
    if full.count == 3 {
        // A loose prerelease needs no hyphen, so the hyphen may as well be its first character.
        return full.length + build_length(text.get(full.length..).unwrap_or_default());
    }
    let partial = numbers(text, |rest| match rest.first() {
        Some(b'x' | b'X' | b'*' | b'0') => 1,
        _ => run(rest, u8::is_ascii_digit).min(257),
    });
    let rest = text.get(partial.length..).unwrap_or_default();
    match rest.strip_prefix(b"-") {
        Some(rest) if partial.count == 3 => match dotted_length(rest, prerelease_length) {
            0 => partial.length,
            length => partial.length + 1 + length,
        },
        _ => partial.length,
    }
}

struct Numbers {
    count: usize,
    length: usize,
}

/// The numbers, separated by dots, that the text begins with, three at most; `read` says how long each is.
fn numbers(text: &[u8], read: impl Fn(&[u8]) -> usize) -> Numbers {
    let mut numbers = Numbers {
        count: 0,
        length: 0,
    };
    while numbers.count < 3 {
        let start = numbers.length + usize::from(numbers.count > 0);
        let dotted = numbers.count == 0 || text.get(numbers.length) == Some(&b'.');
        let length = read(text.get(start..).unwrap_or_default());
        if !dotted || length == 0 {
            break;
        }
        numbers.count += 1;
        numbers.length = start + length;
    }
    numbers
}

/// One identifier of a prerelease, without leading zeros if it is a number.
fn prerelease_length(text: &[u8]) -> usize {
    let digits = run(text, u8::is_ascii_digit);
    match text.get(digits) {
        Some(b'a'..=b'z' | b'A'..=b'Z' | b'-') => {
            run(text, |b| b.is_ascii_alphanumeric() || *b == b'-')
        }
        _ if text.first() == Some(&b'0') => 1,
        _ => digits,
    }
}

/// How many bytes the text begins with that `identifier` reads, and more of it after each dot.
fn dotted_length(text: &[u8], identifier: impl Fn(&[u8]) -> usize) -> usize {
    let mut length = identifier(text);
    while length > 0 && text.get(length) == Some(&b'.') {
        match identifier(text.get(length + 1..).unwrap_or_default()) {
            0 => break,
            more => length += 1 + more,
        }
    }
    length
}

fn run(text: &[u8], belongs: impl Fn(&u8) -> bool) -> usize {
    text.iter().take_while(|b| belongs(b)).count()
}
