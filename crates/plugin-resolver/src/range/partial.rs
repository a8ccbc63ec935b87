//! Versions with parts left out or open: `1`, `1.2.x`, `v1.2.3-beta`.

use crate::version::{MAX_NUMBER, NO_LEADING_ZERO, prerelease_miss, read_number};

use super::comparator::Operator;

/// What was expected, and at which byte of the piece that is being read.
pub(super) type Miss = (usize, &'static str);

/// A component of a partial version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Absent,
    Any,
    Number(u64),
}

impl Part {
    /// The number, unless any will do.
    pub(super) fn number(self) -> Option<u64> {
        match self {
            Self::Absent | Self::Any => None,
            Self::Number(number) => Some(number),
        }
    }
}

/// What the grammar calls an x-range, without operator.
#[derive(Debug)]
pub(super) struct Partial<'a> {
    /// What stood before the first component: any of `v`, `=` and space.
    pub(super) prefix: &'a [u8],
    pub(super) parts: [Part; 3],
    pub(super) prerelease: &'a str,
    /// Where each part begins.
    starts: [usize; 3],
    length: usize,
}

impl<'a> Partial<'a> {
    /// Reads as much as belongs to the version.
    pub(super) fn begin(bytes: &'a [u8]) -> Result<Self, Miss> {
        let mut at = bytes
            .iter()
            .take_while(|b| matches!(**b, b'v' | b'=' | b' '))
            .count();
        let prefix = bytes.get(..at).unwrap_or_default();
        let mut parts = [Part::Absent; 3];
        let mut starts = [at; 3];
        for (index, (part, start)) in parts.iter_mut().zip(&mut starts).enumerate() {
            if index > 0 {
                if bytes.get(at) != Some(&b'.') {
                    break;
                }
                at += 1;
            }
            let (read, length) = component(bytes.get(at..).unwrap_or_default())
                .map_err(|expected| (at, if index == 0 { A_VERSION } else { expected }))?;
            *part = read;
            *start = at;
            at += length;
        }
        let mut prerelease = "";
        if parts[2] != Part::Absent && bytes.get(at) == Some(&b'-') {
            at += 1;
            prerelease = prerelease_of(bytes.get(at..).unwrap_or_default())
                .map_err(|(offset, expected)| (at + offset, expected))?;
            at += prerelease.len();
        }
        Ok(Self {
            prefix,
            parts,
            prerelease,
            starts,
            length: at,
        })
    }

    /// Reads everything.
    pub(super) fn whole(bytes: &'a [u8]) -> Result<Self, Miss> {
        let partial = Self::begin(bytes)?;
        match bytes.get(partial.length) {
            None => Ok(partial),
            Some(next) => Err(partial.unexpected(*next)),
        }
    }

    /// `1.2 - 3`: two of them with a lone hyphen between, and nothing else.
    pub(super) fn pair(bytes: &'a [u8]) -> Option<(Self, Self)> {
        let from = Self::begin(bytes).ok()?;
        let rest = bytes.get(from.length..)?.strip_prefix(b" - ")?;
        let rest = rest.strip_suffix(b" ").unwrap_or(rest);
        let to = Self::whole(rest).ok()?;
        Some((from, to))
    }

    /// Major, minor and patch where all are numbers.
    pub(super) fn release(&self) -> Option<(u64, u64, u64)> {
        let [major, minor, patch] = self.parts;
        Some((major.number()?, minor.number()?, patch.number()?))
    }

    /// Strict npm refuses `x.1` and `1.x.3`, though not after `^`, `~` or in a hyphen range.
    pub(super) fn check_order(&self) -> Result<(), Miss> {
        let [_, minor, patch] = self.starts;
        let at = match self.parts.map(|part| part.number().is_none()) {
            [true, false, _] => minor,
            [_, true, false] => patch,
            _ => return Ok(()),
        };
        Err((at, "no number after `x` or `*`"))
    }

    /// A written-out version may have one `v` before it, nothing else.
    pub(super) fn has_plain_prefix(&self) -> bool {
        let prefix = self.prefix.strip_prefix(b" ").unwrap_or(self.prefix);
        prefix.is_empty() || prefix == b"v"
    }

    /// The miss, and at the number that is too large if it is about one.
    pub(super) fn locate(&self, (at, expected): Miss) -> Miss {
        let is_too_large = |part: &Part| part.number().is_some_and(|number| number > MAX_NUMBER);
        let mut parts = self.parts.iter().zip(self.starts);
        match parts.find(|(part, _)| expected == A_SMALLER_NUMBER && is_too_large(part)) {
            Some((_, start)) => (start, expected),
            None => (at, expected),
        }
    }

    fn unexpected(&self, next: u8) -> Miss {
        let last = self.parts.iter().zip(self.starts).rev();
        let last = last.into_iter().find(|(part, _)| **part != Part::Absent);
        let is_full = self.parts[2] != Part::Absent;
        let expected = match next {
            // What is read of a number ends behind a first zero, and where no number is that long.
            b'0'..=b'9' => match last {
                Some((Part::Number(0), start)) => return (start, NO_LEADING_ZERO),
                Some((Part::Number(_), start)) => return (start, A_SMALLER_NUMBER),
                _ => "the end of the version, a space or `||`",
            },
            b',' => NO_COMMA,
            b'|' => TWO_BARS,
            b'.' if is_full => "the end of the version after its third number",
            b'a'..=b'z' | b'A'..=b'Z' if is_full => "`-` before the prerelease",
            b'+' => "build identifiers separated by dots after `+`",
            _ => "the end of the version, a space or `||`",
        };
        (self.length, expected)
    }
}

/// The comparison that the text begins with, and its length.
pub(super) fn operator(bytes: &[u8]) -> (Option<Operator>, usize) {
    match bytes {
        [b'<', b'=', ..] => (Some(Operator::LessEqual), 2),
        [b'>', b'=', ..] => (Some(Operator::GreaterEqual), 2),
        [b'<', ..] => (Some(Operator::Less), 1),
        [b'>', ..] => (Some(Operator::Greater), 1),
        [b'=', ..] => (Some(Operator::Equal), 1),
        _ => (None, 0),
    }
}

/// What may begin where nothing has begun.
pub(super) const A_VERSION: &str = "a version such as 1.2.3, 1.x or `*`";
pub(super) const A_SMALLER_NUMBER: &str = "numbers of at most 9007199254740991";
pub(super) const NO_COMMA: &str = "a space instead of the comma";
pub(super) const TWO_BARS: &str = "`||` between alternatives";

fn component(bytes: &[u8]) -> Result<(Part, usize), &'static str> {
    match bytes.first() {
        Some(b'x' | b'X' | b'*') => Ok((Part::Any, 1)),
        Some(b'0'..=b'9') => {
            let (number, length) = read_number(bytes);
            Ok((Part::Number(number), length))
        }
        _ => Err("a number, `x` or `*`"),
    }
}

fn prerelease_of(bytes: &[u8]) -> Result<&str, Miss> {
    let text = ascii_run(bytes, |b| {
        b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.')
    });
    match prerelease_miss(text) {
        Some(miss) => Err(miss),
        None => Ok(text),
    }
}

fn ascii_run(bytes: &[u8], belongs: impl Fn(u8) -> bool) -> &str {
    let length = bytes.iter().take_while(|b| belongs(**b)).count();
    let run = bytes.get(..length).unwrap_or_default();
    std::str::from_utf8(run).unwrap_or_default()
}
