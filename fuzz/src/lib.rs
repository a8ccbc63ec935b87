//! What must hold for any bytes at all. Each function panics where it does not.

mod universes;

use plugin_resolver::{Lock, PackageName, Prereleases, Range, ResolverError, Spec, parse_version};
use semver::Version;

pub use universes::universes;

/// Lines: two ranges, then versions. The first byte chooses the rule for prereleases.
///
/// # Panics
///
/// If a range does not keep its text, an error points outside of it, or an answer about whole ranges contradicts the versions.
pub fn ranges(data: &[u8]) {
    let Some((rule, text)) = data.split_first() else {
        return;
    };
    let rule = match rule % 2 {
        0 => Prereleases::WhereNamed,
        _ => Prereleases::Everywhere,
    };
    let text = String::from_utf8_lossy(text);
    let mut lines = text.split('\n');
    let mut next_range = || read_range(lines.next()?, rule);
    let (Some(left), Some(right)) = (next_range(), next_range()) else {
        return;
    };
    let versions: Vec<Version> = lines
        .take(32)
        .filter_map(|line| parse_version(line).ok())
        .collect();
    check_best(&left, &versions);
    check_least(&left);
    check_pair(&left, &right, &versions, rule);
}

/// A dependency specifier, a package name and a version, each from the same text.
///
/// # Panics
///
/// If what was read is not read again from what it prints.
pub fn specs(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match Spec::parse(&text) {
        Ok(spec) => {
            let printed = spec.to_string();
            assert_eq!(
                Spec::parse(&printed).as_ref(),
                Ok(&spec),
                "{text:?} {printed:?}"
            );
        }
        Err(error) => check_error(&error),
    }
    match PackageName::new(&text) {
        Ok(name) => assert_eq!(name.as_str(), text),
        Err(error) => check_error(&error),
    }
    match parse_version(&text) {
        Ok(version) => assert_eq!(parse_version(&version.to_string()).as_ref(), Ok(&version)),
        Err(error) => check_error(&error),
    }
}

/// A lock as somebody may have edited it.
///
/// # Panics
///
/// If a lock that was read is written as something else.
pub fn locks(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match Lock::parse(&text) {
        Ok(lock) => {
            let written = lock.to_json();
            assert_eq!(Lock::parse(&written).as_ref(), Ok(&lock), "{written}");
        }
        Err(error) => check_error(&error),
    }
}

fn read_range(text: &str, rule: Prereleases) -> Option<Range> {
    match Range::parse(text, rule) {
        Ok(range) => {
            assert_eq!(range.as_str(), text);
            Some(range)
        }
        Err(error) => {
            if let ResolverError::InvalidRange { position, .. } = error {
                assert!(text.is_char_boundary(position), "{text:?} {position}");
            }
            check_error(&error);
            None
        }
    }
}

/// A message is one line and short, whatever was read.
fn check_error(error: &ResolverError) {
    let message = error.to_string();
    assert!(message.len() < 600 && !message.contains('\n'), "{message}");
}

fn check_best(range: &Range, versions: &[Version]) {
    let within = |version: &&Version| range.satisfies(version);
    let best = range
        .max_satisfying(versions)
        .into_iter()
        .chain(range.min_satisfying(versions));
    assert_eq!(
        best.filter(within).count(),
        2 * usize::from(versions.iter().any(|v| within(&v)))
    );
}

fn check_least(range: &Range) {
    if let Some(least) = range.min_version() {
        assert!(range.satisfies(&least), "{range} {least}");
        assert!(parse_version(&least.to_string()).is_ok(), "{range} {least}");
    }
}

fn check_pair(left: &Range, right: &Range, versions: &[Version], rule: Prereleases) {
    let (is_subset, meet) = (left.is_subset_of(right), left.intersects(right));
    assert!(left.is_subset_of(left));
    for version in versions {
        // Prereleases that are named exactly are odd in strict ranges.
        if rule == Prereleases::WhereNamed && !version.pre.is_empty() {
            continue;
        }
        let (in_left, in_right) = (left.satisfies(version), right.satisfies(version));
        assert!(
            !(is_subset && in_left) || in_right,
            "{left} {right} {version}"
        );
        assert!(!(in_left && in_right) || meet, "{left} {right} {version}");
        assert!(
            !in_left || !(left.lies_below(version) || left.lies_above(version)),
            "{left} {version}"
        );
    }
}
