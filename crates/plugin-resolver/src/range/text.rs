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
            Some((space, next + 1))
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
    let mut length = 0;
    loop {
        let start = if length == 0 { 0 } else { length + 1 };
        let identifier = text
            .get(start..)
            .unwrap_or_default()
            .iter()
            .take_while(|b| b.is_ascii_alphanumeric() || **b == b'-')
            .count();
        if identifier == 0 {
            return length;
        }
        length = start + identifier;
        if text.get(length) != Some(&b'.') {
            return length;
        }
    }
}
