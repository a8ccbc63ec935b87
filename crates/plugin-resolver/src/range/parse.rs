//! From text to comparators: npm's grammar with its desugarings.
//!
//! node-semver rewrites the text step by step; the steps that decide what is valid are kept in their order here
//! (white space, `||`, build metadata, hyphen, operator spaces, then token by token), each on structure instead of text
//! as soon as that gives the same answer. There is no recursion, and no step looks at a byte more than a few times.

use semver::{Prerelease, Version};

use super::Prereleases;
use super::comparator::{Comparator, Operator};
use super::text::Text;
use crate::ResolverError;
use crate::version::{MAX_NUMBER, bounded, is_prerelease_identifier, numeric_length, parse_full};

/// What is wrong, and at which byte of the piece being read.
type Miss = (usize, &'static str);

/// An operator with major, minor, patch and prerelease.
type Bound<'a> = (Operator, (u64, u64, u64, &'a str));

const TOO_BIG: &str = "numbers of at most 9007199254740991";

pub(super) fn alternatives(
    source: &str,
    prereleases: Prereleases,
) -> Result<Vec<Vec<Comparator>>, ResolverError> {
    let limit = |what, found, limit| {
        if found > limit {
            Err(ResolverError::InputTooLarge { what, found, limit })
        } else {
            Ok(())
        }
    };
    limit("a range in bytes", source.len(), super::Range::MAX_BYTES)?;
    let parts = Text::normalized(source).split_on(b"||");
    limit(
        "the alternatives of a range",
        parts.len(),
        super::Range::MAX_ALTERNATIVES,
    )?;

    let mut sets = Vec::with_capacity(parts.len());
    let mut count = 0;
    for part in parts {
        let part = part.trimmed().without_builds();
        let mut set = comparators(&part, prereleases).map_err(|(at, expected)| {
            ResolverError::InvalidRange {
                text: bounded(source),
                position: at,
                expected,
            }
        })?;
        count += set.len();
        limit(
            "the comparators of a range",
            count,
            super::Range::MAX_COMPARATORS,
        )?;
        if let Some(nothing) = set.iter().position(Comparator::is_nothing) {
            set = vec![set.swap_remove(nothing)];
        }
        sets.push(set);
    }
    if sets.len() > 1 {
        // What nothing can satisfy says nothing beside other alternatives, and beside `*` all others say nothing:
        // `* || 1.0.0-beta` does not admit 1.0.0-beta.
        let first = sets.first().cloned();
        sets.retain(|set| !set.first().is_some_and(Comparator::is_nothing));
        if sets.is_empty() {
            sets.extend(first);
        } else if sets.iter().any(Vec::is_empty) {
            sets = vec![Vec::new()];
        }
    }
    Ok(sets)
}

/// One alternative; `*` and the empty text give no comparator. Positions of a miss are those of the source.
fn comparators(part: &Text, prereleases: Prereleases) -> Result<Vec<Comparator>, Miss> {
    let reader = Reader { prereleases };
    if let Some((from, to)) = hyphen(part.bytes()) {
        let (from, to) = (reader.lower_bound(&from), reader.upper_bound(&to));
        let mut set = Vec::new();
        for bound in [from, to] {
            set.extend(bound.map_err(|(_, expected)| (part.source_position(0), expected))?);
        }
        return Ok(set);
    }
    let mut set = Vec::new();
    for token in part.without_operator_spaces().split_on(b" ") {
        let read = reader
            .token(token.bytes())
            .map_err(|(at, expected)| (token.source_position(at), expected))?;
        set.extend(read);
    }
    Ok(set)
}

/// A component of a partial version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Absent,
    Any,
    Number(u64),
}

impl Part {
    /// The number, unless any will do.
    fn number(self) -> Option<u64> {
        match self {
            Self::Absent | Self::Any => None,
            Self::Number(number) => Some(number),
        }
    }
}

/// `1.2.x`, `v1`, `1.2.3-beta`: what the grammar calls an x-range, without operator.
#[derive(Debug)]
struct Partial<'a> {
    /// What stood before the first component: any of `v`, `=` and space.
    prefix: &'a [u8],
    parts: [Part; 3],
    prerelease: &'a str,
    length: usize,
}

impl Partial<'_> {
    /// Major, minor and patch where all are numbers.
    fn release(&self) -> Option<(u64, u64, u64)> {
        let [major, minor, patch] = self.parts;
        Some((major.number()?, minor.number()?, patch.number()?))
    }

    /// A written-out version may have one `v` before it, nothing else.
    fn has_plain_prefix(&self) -> bool {
        let prefix = self.prefix.strip_prefix(b" ").unwrap_or(self.prefix);
        prefix.is_empty() || prefix == b"v"
    }
}

fn partial(bytes: &[u8]) -> Result<Partial<'_>, Miss> {
    let mut at = bytes
        .iter()
        .take_while(|b| matches!(**b, b'v' | b'=' | b' '))
        .count();
    let prefix = bytes.get(..at).unwrap_or_default();
    let mut parts = [Part::Absent; 3];
    let mut count = 0;
    for part in &mut parts {
        let start = if count == 0 {
            at
        } else if bytes.get(at) == Some(&b'.') {
            at + 1
        } else {
            break;
        };
        let rest = bytes.get(start..).unwrap_or_default();
        let (read, length) = match rest.first() {
            Some(b'x' | b'X' | b'*') => (Part::Any, 1),
            Some(b'0'..=b'9') => {
                let text = ascii_run(rest, |b| b.is_ascii_digit());
                let length = numeric_length(text);
                let digits = text.get(..length).unwrap_or_default();
                (Part::Number(digits.parse().unwrap_or(u64::MAX)), length)
            }
            _ => return Err((start, "a number, `x` or `*`")),
        };
        *part = read;
        at = start + length;
        count += 1;
    }
    let mut prerelease = "";
    if count == 3 && bytes.get(at) == Some(&b'-') {
        let rest = bytes.get(at + 1..).unwrap_or_default();
        prerelease = ascii_run(rest, |b| {
            b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.')
        });
        if !prerelease.split('.').all(is_prerelease_identifier) {
            return Err((at + 1, "prerelease identifiers separated by dots"));
        }
        at += 1 + prerelease.len();
    }
    Ok(Partial {
        prefix,
        parts,
        prerelease,
        length: at,
    })
}

fn whole_partial(bytes: &[u8]) -> Result<Partial<'_>, Miss> {
    let partial = partial(bytes)?;
    if partial.length < bytes.len() {
        let expected = "the end of the version, a space or `||`";
        return Err((partial.length, expected));
    }
    Ok(partial)
}

fn ascii_run(bytes: &[u8], belongs: impl Fn(u8) -> bool) -> &str {
    let length = bytes.iter().take_while(|b| belongs(**b)).count();
    let run = bytes.get(..length).unwrap_or_default();
    std::str::from_utf8(run).unwrap_or_default()
}

/// `1.2 - 3`: two partial versions with a lone hyphen between, and nothing else.
fn hyphen(bytes: &[u8]) -> Option<(Partial<'_>, Partial<'_>)> {
    let from = partial(bytes).ok()?;
    let rest = bytes.get(from.length..)?.strip_prefix(b" - ")?;
    let rest = rest.strip_suffix(b" ").unwrap_or(rest);
    let to = whole_partial(rest).ok()?;
    Some((from, to))
}

struct Reader {
    prereleases: Prereleases,
}

impl Reader {
    fn lower_bound(&self, from: &Partial<'_>) -> Result<Vec<Comparator>, Miss> {
        let [major, minor, patch] = from.parts;
        let Some(major) = major.number() else {
            return Ok(Vec::new());
        };
        let lower = match (minor.number(), patch.number()) {
            (None, _) => (major, 0, 0, self.prereleases.least()),
            (Some(minor), None) => (major, minor, 0, self.prereleases.least()),
            (Some(minor), Some(patch)) => {
                if !from.has_plain_prefix() {
                    return Err((0, "a version"));
                }
                let least = if from.prerelease.is_empty() {
                    self.prereleases.least()
                } else {
                    from.prerelease
                };
                let bound = (Operator::GreaterEqual, (major, minor, patch, least));
                if from.prefix.contains(&b'v') {
                    return Self::bounds(&[bound]);
                }
                (major, minor, patch, least)
            }
        };
        self.set(&[(Operator::GreaterEqual, lower)])
    }

    fn upper_bound(&self, to: &Partial<'_>) -> Result<Vec<Comparator>, Miss> {
        let [major, minor, patch] = to.parts;
        let Some(major) = major.number() else {
            return Ok(Vec::new());
        };
        let bound = match (minor.number(), patch.number()) {
            (None, _) => (Operator::Less, (next(major), 0, 0, "0")),
            (Some(minor), None) => (Operator::Less, (major, next(minor), 0, "0")),
            (Some(minor), Some(patch)) if !to.prerelease.is_empty() => {
                (Operator::LessEqual, (major, minor, patch, to.prerelease))
            }
            (Some(minor), Some(patch)) => match self.prereleases {
                Prereleases::Everywhere => (Operator::Less, (major, minor, next(patch), "0")),
                Prereleases::WhereNamed if to.has_plain_prefix() => {
                    (Operator::LessEqual, (major, minor, patch, ""))
                }
                Prereleases::WhereNamed => return Err((0, "a version")),
            },
        };
        self.set(&[bound])
    }

    fn token(&self, bytes: &[u8]) -> Result<Vec<Comparator>, Miss> {
        match bytes {
            [] => Ok(Vec::new()),
            [b'^', rest @ ..] => self.caret(&shifted(whole_partial(rest), 1)?),
            [b'~', b'>', rest @ ..] => self.tilde(&shifted(whole_partial(rest), 2)?),
            [b'~', rest @ ..] => self.tilde(&shifted(whole_partial(rest), 1)?),
            _ => self.compared(bytes),
        }
    }

    fn caret(&self, partial: &Partial<'_>) -> Result<Vec<Comparator>, Miss> {
        let [major, minor, patch] = partial.parts;
        let Some(major) = major.number() else {
            return Ok(Vec::new());
        };
        let (lower, upper) = match (minor.number(), patch.number()) {
            (None, _) => (
                (major, 0, 0, self.prereleases.least()),
                (next(major), 0, 0, "0"),
            ),
            (Some(minor), None) if major == 0 => (
                (0, minor, 0, self.prereleases.least()),
                (0, next(minor), 0, "0"),
            ),
            (Some(minor), None) => (
                (major, minor, 0, self.prereleases.least()),
                (next(major), 0, 0, "0"),
            ),
            (Some(minor), Some(patch)) => {
                let upper = match (major, minor) {
                    (0, 0) => (0, 0, next(patch), "0"),
                    (0, _) => (0, next(minor), 0, "0"),
                    (_, _) => (next(major), 0, 0, "0"),
                };
                ((major, minor, patch, partial.prerelease), upper)
            }
        };
        self.set(&[(Operator::GreaterEqual, lower), (Operator::Less, upper)])
    }

    fn tilde(&self, partial: &Partial<'_>) -> Result<Vec<Comparator>, Miss> {
        let [major, minor, patch] = partial.parts;
        let Some(major) = major.number() else {
            return Ok(Vec::new());
        };
        let (lower, upper) = match (minor.number(), patch.number()) {
            (None, _) => (
                (major, 0, 0, self.prereleases.least()),
                (next(major), 0, 0, "0"),
            ),
            (Some(minor), None) => (
                (major, minor, 0, self.prereleases.least()),
                (major, next(minor), 0, "0"),
            ),
            (Some(minor), Some(patch)) => (
                (major, minor, patch, partial.prerelease),
                (major, next(minor), 0, "0"),
            ),
        };
        self.set(&[(Operator::GreaterEqual, lower), (Operator::Less, upper)])
    }

    /// An operator or none, then a version with or without wildcards.
    fn compared(&self, bytes: &[u8]) -> Result<Vec<Comparator>, Miss> {
        let (operator, length) = operator(bytes);
        let partial = match shifted(
            whole_partial(bytes.get(length..).unwrap_or_default()),
            length,
        ) {
            Ok(partial) => partial,
            Err(miss) => return self.starred(bytes).ok_or(miss),
        };
        let [major, minor, patch] = partial.parts;
        let is_any = |part: Part| part.number().is_none();
        if (is_any(major) && !is_any(minor)) || (is_any(minor) && !is_any(patch)) {
            return Err((length, "no number after `x` or `*`"));
        }
        let Some((major, minor, patch)) = partial.release() else {
            let (Some(major), minor) = (major.number(), minor.number()) else {
                return match operator {
                    Some(Operator::Less | Operator::Greater) => {
                        self.set(&[(Operator::Less, (0, 0, 0, "0"))])
                    }
                    _ => Ok(Vec::new()),
                };
            };
            return self.wildcard(operator, major, minor);
        };
        if !partial.has_plain_prefix() {
            return Err((length, "a version"));
        }
        let operator = operator.unwrap_or(Operator::Equal);
        let bound = (operator, (major, minor, patch, partial.prerelease));
        // `>=0.0.0` is `*` to npm, `>=v0.0.0` is not.
        if partial.prefix.contains(&b'v') {
            Self::bounds(&[bound])
        } else {
            self.set(&[bound])
        }
    }

    /// `>1`, `<=1.2`, `1.x`: a major and perhaps a minor are numbers, the rest is not.
    fn wildcard(
        &self,
        operator: Option<Operator>,
        major: u64,
        minor: Option<u64>,
    ) -> Result<Vec<Comparator>, Miss> {
        let least = self.prereleases.least();
        let after = match minor {
            None => (next(major), 0, 0),
            Some(minor) => (major, next(minor), 0),
        };
        let first = (major, minor.unwrap_or(0), 0);
        let with = |(major, minor, patch), pre| (major, minor, patch, pre);
        match operator {
            None | Some(Operator::Equal) => self.set(&[
                (Operator::GreaterEqual, with(first, least)),
                (Operator::Less, with(after, "0")),
            ]),
            Some(Operator::Greater) => self.set(&[(Operator::GreaterEqual, with(after, least))]),
            Some(Operator::GreaterEqual) => {
                self.set(&[(Operator::GreaterEqual, with(first, least))])
            }
            Some(Operator::Less) => self.set(&[(Operator::Less, with(first, "0"))]),
            Some(Operator::LessEqual) => self.set(&[(Operator::Less, with(after, "0"))]),
        }
    }

    /// npm drops the first `*` of a token, operator included, wherever it stands: `1.2.3*` is `1.2.3`.
    fn starred(&self, bytes: &[u8]) -> Option<Vec<Comparator>> {
        let star = bytes.iter().position(|b| *b == b'*')?;
        let mut start = star;
        start -= usize::from(bytes.get(..start)?.ends_with(b"="));
        let before = bytes.get(..start)?;
        start -= usize::from(before.ends_with(b"<") || before.ends_with(b">"));
        let mut rest = bytes.get(..start)?.to_vec();
        rest.extend_from_slice(bytes.get(star + 1..)?);
        if rest.is_empty() {
            return Some(Vec::new());
        }
        let (operator, length) = operator(&rest);
        let text = std::str::from_utf8(rest.get(length..)?).ok()?;
        let version = parse_full(text).ok().filter(|_| text.len() <= 256)?;
        let operator = operator.unwrap_or(Operator::Equal);
        Some(without_any(
            vec![Comparator { operator, version }],
            self.prereleases,
        ))
    }

    fn set(&self, bounds: &[Bound<'_>]) -> Result<Vec<Comparator>, Miss> {
        Ok(without_any(Self::bounds(bounds)?, self.prereleases))
    }

    fn bounds(bounds: &[Bound<'_>]) -> Result<Vec<Comparator>, Miss> {
        let mut set = Vec::with_capacity(bounds.len());
        for &(operator, (major, minor, patch, pre)) in bounds {
            if major.max(minor).max(patch) > MAX_NUMBER {
                return Err((0, TOO_BIG));
            }
            let pre = Prerelease::new(pre).map_err(|_| (0, "a prerelease"))?;
            let version = Version {
                pre,
                ..Version::new(major, minor, patch)
            };
            if version.pre.len() > 190 && version.to_string().len() > 256 {
                return Err((0, "a version of at most 256 characters"));
            }
            set.push(Comparator { operator, version });
        }
        Ok(set)
    }
}

/// `>=0.0.0` is `*` to npm (`>=0.0.0-0` where prereleases take part), which matters beside other alternatives.
fn without_any(mut set: Vec<Comparator>, prereleases: Prereleases) -> Vec<Comparator> {
    set.retain(|c| {
        let zero = (c.version.major, c.version.minor, c.version.patch) == (0, 0, 0);
        !(c.operator == Operator::GreaterEqual
            && zero
            && c.version.pre.as_str() == prereleases.least())
    });
    set
}

fn operator(bytes: &[u8]) -> (Option<Operator>, usize) {
    match bytes {
        [b'<', b'=', ..] => (Some(Operator::LessEqual), 2),
        [b'>', b'=', ..] => (Some(Operator::GreaterEqual), 2),
        [b'<', ..] => (Some(Operator::Less), 1),
        [b'>', ..] => (Some(Operator::Greater), 1),
        [b'=', ..] => (Some(Operator::Equal), 1),
        _ => (None, 0),
    }
}

fn next(number: u64) -> u64 {
    number.saturating_add(1)
}

fn shifted<T>(read: Result<T, Miss>, by: usize) -> Result<T, Miss> {
    read.map_err(|(at, expected)| (at + by, expected))
}
