//! Versions as npm reads and orders them.
//!
//! The type is [`semver::Version`]; what npm does differently is in these functions: white space and a
//! leading `v` are tolerated, numbers end at 2^53 - 1, texts at 256 units, and build metadata takes no part in
//! the order. The facts are those of node-semver 7.8.

use std::cmp::Ordering;

use semver::{BuildMetadata, Prerelease, Version};

use crate::ResolverError;

/// The largest number in a version: JavaScript's `Number.MAX_SAFE_INTEGER`.
pub(crate) const MAX_NUMBER: u64 = (1 << 53) - 1;

/// What was expected where a number begins with a zero.
pub(crate) const NO_LEADING_ZERO: &str = "no zero before the other digits";

/// The longest version text, in UTF-16 units as JavaScript counts.
const MAX_UNITS: usize = 256;

/// Reads a version strictly as npm does: `1.2.3`, ` v1.2.3-beta.1+build `.
///
/// # Errors
///
/// [`ResolverError::InvalidVersion`] with the byte position at which the text stops being a version.
///
/// ```
/// # fn main() -> Result<(), plugin_resolver::ResolverError> {
/// let version = plugin_resolver::parse_version(" v1.2.3-beta.1 ")?;
/// assert_eq!(version.to_string(), "1.2.3-beta.1");
/// assert!(plugin_resolver::parse_version("1.2").is_err());
/// # Ok(())
/// # }
/// ```
pub fn parse_version(text: &str) -> Result<Version, ResolverError> {
    let fail = |position: usize, expected: &'static str| ResolverError::InvalidVersion {
        text: bounded(text),
        position,
        expected,
    };
    if text.len() > MAX_UNITS && text.encode_utf16().count() > MAX_UNITS {
        return Err(fail(0, "at most 256 characters"));
    }
    let trimmed = text.trim_start_matches(is_js_space);
    let offset = text.len() - trimmed.len();
    let trimmed = trimmed.trim_end_matches(is_js_space);
    parse_full(trimmed).map_err(|(position, expected)| fail(offset + position, expected))
}

/// Orders two versions by npm's precedence: build metadata is ignored.
///
/// Numeric prerelease identifiers beyond 2^53 - 1 compare with the rounding of JavaScript's numbers, because npm
/// decides real ranges with that rounding. For a total order use [`Version`]'s own.
#[must_use]
pub fn compare_versions(left: &Version, right: &Version) -> Ordering {
    left.major
        .cmp(&right.major)
        .then(left.minor.cmp(&right.minor))
        .then(left.patch.cmp(&right.patch))
        .then_with(|| compare_prereleases(&left.pre, &right.pre))
}

/// Whether the version is one that npm reads again: no number and no text too long.
pub(crate) fn fits(version: &Version) -> bool {
    version.major.max(version.minor).max(version.patch) <= MAX_NUMBER
        && version.to_string().len() <= MAX_UNITS
}

/// What may stand before and after text that npm trims: JavaScript's `\s`.
pub(crate) fn is_js_space(c: char) -> bool {
    matches!(
        c,
        '\t' | '\n' | '\u{b}' | '\u{c}' | '\r' | ' ' | '\u{a0}' | '\u{1680}' | '\u{2000}'
            ..='\u{200a}'
                | '\u{2028}'
                | '\u{2029}'
                | '\u{202f}'
                | '\u{205f}'
                | '\u{3000}'
                | '\u{feff}'
    )
}

/// `v?` major.minor.patch, prerelease, build: the whole text or nothing. The error says where and what.
pub(crate) fn parse_full(text: &str) -> Result<Version, (usize, &'static str)> {
    let bytes = text.as_bytes();
    let mut at = usize::from(bytes.first() == Some(&b'v'));
    let mut numbers = [0_u64; 3];
    for (index, number) in numbers.iter_mut().enumerate() {
        if index > 0 {
            if bytes.get(at) != Some(&b'.') {
                return Err((at, "`.`"));
            }
            at += 1;
        }
        *number = match read_number(bytes.get(at..).unwrap_or_default()) {
            (_, 0) => return Err((at, "a number")),
            (value, _) if value > MAX_NUMBER => {
                return Err((at, "a number of at most 9007199254740991"));
            }
            (_, length)
                if bytes
                    .get(at + length)
                    .is_some_and(|byte| byte.is_ascii_digit()) =>
            {
                return Err((at, NO_LEADING_ZERO));
            }
            (value, length) => {
                at += length;
                value
            }
        };
    }
    if at == bytes.len() {
        let [major, minor, patch] = numbers;
        return Ok(Version::new(major, minor, patch));
    }
    let mut pre = Prerelease::EMPTY;
    let mut build = BuildMetadata::EMPTY;
    if text.get(at..).is_some_and(|rest| rest.starts_with('-')) {
        at += 1;
        let rest = text.get(at..).unwrap_or_default();
        let end = rest.find('+').unwrap_or(rest.len());
        let body = rest.get(..end).unwrap_or_default();
        if let Some((offset, expected)) = prerelease_miss(body) {
            return Err((at + offset, expected));
        }
        pre =
            Prerelease::new(body).map_err(|_| (at, "prerelease identifiers separated by dots"))?;
        at += end;
    }
    if text.get(at..).is_some_and(|rest| rest.starts_with('+')) {
        at += 1;
        let rest = text.get(at..).unwrap_or_default();
        build = BuildMetadata::new(rest)
            .ok()
            .filter(|build| !build.is_empty())
            .ok_or((at, "build identifiers separated by dots"))?;
        at = text.len();
    }
    if let Some(next) = bytes.get(at) {
        let expected = match next {
            b'.' => "the end of the version after its third number",
            b'a'..=b'z' | b'A'..=b'Z' => "`-` before the prerelease",
            _ => "the end of the version",
        };
        return Err((at, expected));
    }
    let [major, minor, patch] = numbers;
    Ok(Version {
        major,
        minor,
        patch,
        pre,
        build,
    })
}

/// The number without a leading zero that the text begins with, and its length: a `0` alone is one, and beyond [`MAX_NUMBER`] the value
/// says no more than that.
pub(crate) fn read_number(text: &[u8]) -> (u64, usize) {
    if text.first() == Some(&b'0') {
        return (0, 1);
    }
    let digits = text.iter().take(257).take_while(|b| b.is_ascii_digit());
    digits.fold((0, 0), |(value, length), digit| {
        let value = u64::saturating_mul(value, 10).saturating_add(u64::from(digit - b'0'));
        (value, length + 1)
    })
}

/// One identifier of a prerelease, with the lengths up to which node-semver reads one.
fn is_prerelease_identifier(text: &str) -> bool {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if digits == text.len() {
        return !text.is_empty() && read_number(text.as_bytes()).1 == text.len();
    }
    digits <= 256
        && text.len() - digits <= 251
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// Where dot-separated identifiers are no prerelease, and what was expected there.
pub(crate) fn prerelease_miss(text: &str) -> Option<(usize, &'static str)> {
    let mut at = 0;
    for identifier in text.split('.') {
        if !is_prerelease_identifier(identifier) {
            let is_number = identifier.bytes().all(|b| b.is_ascii_digit());
            let is_plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
            let expected = match identifier.bytes().position(|b| !is_plain(b)) {
                Some(odd) => return Some((at + odd, "letters, digits, `-` or `.`")),
                None if identifier.is_empty() => "a prerelease identifier",
                None if is_number && identifier.starts_with('0') => {
                    "a number without leading zeros"
                }
                None => "a shorter prerelease identifier",
            };
            return Some((at, expected));
        }
        at += identifier.len() + 1;
    }
    None
}

/// The text, cut where a message would cut it anyway.
pub(crate) fn bounded(text: &str) -> String {
    text.chars().take(300).collect()
}

fn compare_prereleases(left: &Prerelease, right: &Prerelease) -> Ordering {
    match (left.is_empty(), right.is_empty()) {
        (true, true) => return Ordering::Equal,
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    if left == right {
        return Ordering::Equal;
    }
    let mut lefts = left.split('.');
    let mut rights = right.split('.');
    loop {
        match (lefts.next(), rights.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(a), Some(b)) if a == b => {}
            (Some(a), Some(b)) => return compare_identifiers(a, b),
        }
    }
}

fn compare_identifiers(left: &str, right: &str) -> Ordering {
    let numeric = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    match (numeric(left), numeric(right)) {
        (true, true) => {
            // INVARIANT: both are digits only, so both parse and neither is NaN.
            let number = |text: &str| text.parse::<f64>().unwrap_or(f64::INFINITY);
            number(left).total_cmp(&number(right))
        }
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
        (false, false) => left.cmp(right),
    }
}
