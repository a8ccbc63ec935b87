//! What `^`, `~`, wildcards and hyphens stand for: two comparators at most.

use semver::{Prerelease, Version};

use super::Prereleases;
use super::comparator::{Comparator, Operator};
use super::partial::{A_SMALLER_NUMBER, A_VERSION, Miss, NO_COMMA, Partial, TWO_BARS, operator};
use crate::version::{MAX_NUMBER, parse_full};

/// An operator with major, minor, patch and prerelease.
type Bound<'a> = (Operator, (u64, u64, u64, &'a str));

/// Writes comparators instead of what stands for them.
pub(super) struct Desugar<'s> {
    pub(super) prereleases: Prereleases,
    pub(super) comparators: &'s mut Vec<Comparator>,
}

impl Desugar<'_> {
    /// One piece between spaces.
    pub(super) fn token(&mut self, bytes: &[u8]) -> Result<(), Miss> {
        let (expand, length): (fn(&mut Self, &Partial<'_>) -> _, usize) = match bytes {
            [] => return Ok(()),
            [b'^', ..] => (Self::caret, 1),
            [b'~', b'>', ..] => (Self::tilde, 2),
            [b'~', ..] => (Self::tilde, 1),
            [b'-', ..] => return Err((0, "one version before ` - ` and one behind it")),
            [b',', ..] => return Err((0, NO_COMMA)),
            [b'|', ..] => return Err((0, TWO_BARS)),
            _ => return self.compared(bytes),
        };
        let rest = bytes.get(length..).unwrap_or_default();
        let expanded = Partial::whole(rest)
            .and_then(|partial| expand(self, &partial).map_err(|miss| partial.locate(miss)));
        expanded.map_err(|miss| behind(length, miss))
    }

    /// `1.2 - 3`.
    pub(super) fn hyphen(&mut self, from: &Partial<'_>, to: &Partial<'_>) -> Result<(), Miss> {
        self.hyphen_from(from)?;
        self.hyphen_to(to)
    }

    fn hyphen_from(&mut self, from: &Partial<'_>) -> Result<(), Miss> {
        let [major, minor, patch] = from.parts;
        let Some(major) = major.number() else {
            return Ok(());
        };
        let least = self.prereleases.least();
        let lower = match (minor.number(), patch.number()) {
            (None, _) => (major, 0, 0, least),
            (Some(minor), None) => (major, minor, 0, least),
            (Some(_), Some(_)) if !from.has_plain_prefix() => return Err((0, ONE_V)),
            (Some(minor), Some(patch)) => {
                let pre = match from.prerelease {
                    "" => least,
                    named => named,
                };
                if from.prefix.contains(&b'v') {
                    return self.push((Operator::GreaterEqual, (major, minor, patch, pre)));
                }
                (major, minor, patch, pre)
            }
        };
        self.push_unless_any((Operator::GreaterEqual, lower))
    }

    fn hyphen_to(&mut self, to: &Partial<'_>) -> Result<(), Miss> {
        let [major, minor, patch] = to.parts;
        let Some(major) = major.number() else {
            return Ok(());
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
                Prereleases::WhereNamed => return Err((0, ONE_V)),
            },
        };
        self.push(bound)
    }

    fn caret(&mut self, partial: &Partial<'_>) -> Result<(), Miss> {
        let [major, minor, patch] = partial.parts;
        let Some(major) = major.number() else {
            return Ok(());
        };
        let least = self.prereleases.least();
        let (lower, upper) = match (minor.number(), patch.number()) {
            (None, _) => ((major, 0, 0, least), (next(major), 0, 0, "0")),
            (Some(minor), None) if major == 0 => ((0, minor, 0, least), (0, next(minor), 0, "0")),
            (Some(minor), None) => ((major, minor, 0, least), (next(major), 0, 0, "0")),
            (Some(minor), Some(patch)) => {
                let upper = match (major, minor) {
                    (0, 0) => (0, 0, next(patch), "0"),
                    (0, _) => (0, next(minor), 0, "0"),
                    (_, _) => (next(major), 0, 0, "0"),
                };
                ((major, minor, patch, partial.prerelease), upper)
            }
        };
        self.push_unless_any((Operator::GreaterEqual, lower))?;
        self.push((Operator::Less, upper))
    }

    fn tilde(&mut self, partial: &Partial<'_>) -> Result<(), Miss> {
        let [major, minor, patch] = partial.parts;
        let Some(major) = major.number() else {
            return Ok(());
        };
        let least = self.prereleases.least();
        let (lower, upper) = match (minor.number(), patch.number()) {
            (None, _) => ((major, 0, 0, least), (next(major), 0, 0, "0")),
            (Some(minor), None) => ((major, minor, 0, least), (major, next(minor), 0, "0")),
            (Some(minor), Some(patch)) => (
                (major, minor, patch, partial.prerelease),
                (major, next(minor), 0, "0"),
            ),
        };
        self.push_unless_any((Operator::GreaterEqual, lower))?;
        self.push((Operator::Less, upper))
    }

    /// An operator or none, then a version with or without wildcards.
    fn compared(&mut self, bytes: &[u8]) -> Result<(), Miss> {
        let (operator, length) = operator(bytes);
        match Partial::whole(bytes.get(length..).unwrap_or_default()) {
            Ok(partial) => self
                .compared_with(operator, &partial)
                .map_err(|miss| behind(length, partial.locate(miss))),
            Err(miss) => self.starred(bytes).unwrap_or(Err(behind(length, miss))),
        }
    }

    fn compared_with(
        &mut self,
        operator: Option<Operator>,
        partial: &Partial<'_>,
    ) -> Result<(), Miss> {
        partial.check_order()?;
        let [major, minor, _] = partial.parts;
        match (partial.release(), major.number()) {
            (Some((major, minor, patch)), _) => {
                if !partial.has_plain_prefix() {
                    return Err((0, ONE_V));
                }
                let operator = operator.unwrap_or(Operator::Equal);
                let bound = (operator, (major, minor, patch, partial.prerelease));
                // `>=0.0.0` is `*` to npm, `>=v0.0.0` is not.
                if partial.prefix.contains(&b'v') {
                    self.push(bound)
                } else {
                    self.push_unless_any(bound)
                }
            }
            (None, Some(major)) => self.wildcard(operator, major, minor.number()),
            (None, None) => match operator {
                Some(Operator::Less | Operator::Greater) => {
                    self.push((Operator::Less, (0, 0, 0, "0")))
                }
                _ => Ok(()),
            },
        }
    }

    /// `>1`, `<=1.2`, `1.x`: a major and perhaps a minor are numbers, the rest is not.
    fn wildcard(
        &mut self,
        operator: Option<Operator>,
        major: u64,
        minor: Option<u64>,
    ) -> Result<(), Miss> {
        let least = self.prereleases.least();
        let after = |pre| match minor {
            None => (next(major), 0, 0, pre),
            Some(minor) => (major, next(minor), 0, pre),
        };
        let first = |pre| (major, minor.unwrap_or(0), 0, pre);
        match operator {
            None | Some(Operator::Equal) => {
                self.push_unless_any((Operator::GreaterEqual, first(least)))?;
                self.push((Operator::Less, after("0")))
            }
            Some(Operator::Greater) => self.push((Operator::GreaterEqual, after(least))),
            Some(Operator::GreaterEqual) => {
                self.push_unless_any((Operator::GreaterEqual, first(least)))
            }
            Some(Operator::Less) => self.push((Operator::Less, first("0"))),
            Some(Operator::LessEqual) => self.push((Operator::Less, after("0"))),
        }
    }

    /// npm drops the first `*` of a token, operator included, wherever it stands: `1.2.3*` is `1.2.3`.
    fn starred(&mut self, bytes: &[u8]) -> Option<Result<(), Miss>> {
        let star = bytes.iter().position(|b| *b == b'*')?;
        let mut start = star;
        start -= usize::from(bytes.get(..start)?.ends_with(b"="));
        let before = bytes.get(..start)?;
        start -= usize::from(before.ends_with(b"<") || before.ends_with(b">"));
        let mut rest = bytes.get(..start)?.to_vec();
        rest.extend_from_slice(bytes.get(star + 1..)?);
        if rest.is_empty() {
            return Some(Ok(()));
        }
        let (operator, length) = operator(&rest);
        let text = std::str::from_utf8(rest.get(length..)?).ok()?;
        let version = parse_full(text).ok().filter(|_| text.len() <= 256)?;
        self.keep_unless_any(Comparator {
            operator: operator.unwrap_or(Operator::Equal),
            version,
        });
        Some(Ok(()))
    }

    fn push_unless_any(&mut self, bound: Bound<'_>) -> Result<(), Miss> {
        let comparator = comparator(bound)?;
        self.keep_unless_any(comparator);
        Ok(())
    }

    fn push(&mut self, bound: Bound<'_>) -> Result<(), Miss> {
        self.comparators.push(comparator(bound)?);
        Ok(())
    }

    /// `>=0.0.0` is `*` to npm (`>=0.0.0-0` where prereleases take part), which matters beside other alternatives.
    fn keep_unless_any(&mut self, c: Comparator) {
        let is_any = c.operator == Operator::GreaterEqual
            && c.release() == (0, 0, 0)
            && c.version.pre.as_str() == self.prereleases.least();
        if !is_any {
            self.comparators.push(c);
        }
    }
}

const ONE_V: &str = "a version with at most one `v` before it";

fn comparator((operator, (major, minor, patch, pre)): Bound<'_>) -> Result<Comparator, Miss> {
    if major.max(minor).max(patch) > MAX_NUMBER {
        return Err((0, A_SMALLER_NUMBER));
    }
    let version = Version {
        pre: Prerelease::new(pre).map_err(|_| (0, "a prerelease"))?,
        ..Version::new(major, minor, patch)
    };
    if pre.len() > 190 && version.to_string().len() > 256 {
        return Err((0, "a version of at most 256 characters"));
    }
    Ok(Comparator { operator, version })
}

fn next(number: u64) -> u64 {
    number.saturating_add(1)
}

/// The miss as seen from before an operator of so many bytes.
fn behind(length: usize, (at, expected): Miss) -> Miss {
    let expected = match expected {
        A_VERSION if length > 0 => "a version behind the operator",
        other => other,
    };
    (at + length, expected)
}
