//! npm's grammar of ranges, case by case. Written from the documented grammar; the answers are node-semver's.

use plugin_resolver::{Prereleases, Range, ResolverError, compare_versions, parse_version};

use crate::support::satisfies;

/// The range, what satisfies it, what does not.
fn check(range: &str, inside: &[&str], outside: &[&str]) {
    for version in inside {
        assert!(
            satisfies(range, version),
            "`{range}` should admit {version}"
        );
    }
    for version in outside {
        assert!(
            !satisfies(range, version),
            "`{range}` should not admit {version}"
        );
    }
}

fn check_with_prereleases(range: &str, inside: &[&str], outside: &[&str]) {
    let range = Range::parse(range, Prereleases::Everywhere).unwrap();
    for (versions, expected) in [(inside, true), (outside, false)] {
        for version in versions {
            assert_eq!(
                range.satisfies(&parse_version(version).unwrap()),
                expected,
                "`{range}` {version}"
            );
        }
    }
}

#[test]
fn everything() {
    for any in [
        "*", "", " ", "x", "X", "x.x", "*.*.*", ">=0.0.0", "||", " || ", ">=*", "<=x", "=*", "~>*",
    ] {
        check(
            any,
            &["0.0.0", "1.2.3", "99.0.0", "1.2.3+build"],
            &["1.0.0-beta", "0.0.0-0"],
        );
    }
    check("1.0.0 ||", &["1.0.0", "2.0.0"], &["1.0.0-beta"]);
}

#[test]
fn exact() {
    check(
        "1.2.3",
        &["1.2.3", "1.2.3+build"],
        &["1.2.4", "1.2.2", "1.2.3-0"],
    );
    check("=1.2.3", &["1.2.3"], &["1.2.4"]);
    check("v1.2.3", &["1.2.3"], &["1.2.4"]);
    check("= v1.2.3", &["1.2.3"], &["1.2.4"]);
    check(
        "1.2.3-beta.2",
        &["1.2.3-beta.2"],
        &["1.2.3", "1.2.3-beta.3", "1.2.3-beta"],
    );
    check("1.2.3+build.1", &["1.2.3", "1.2.3+other"], &["1.2.4"]);
}

#[test]
fn comparators() {
    check(">1.2.3", &["1.2.4", "2.0.0"], &["1.2.3", "1.2.4-beta"]);
    check(">= 1.2.3", &["1.2.3", "2.0.0"], &["1.2.2"]);
    check(
        "<1.2.3",
        &["1.2.2", "0.0.0"],
        &["1.2.3", "1.2.3-beta", "1.2.2-beta"],
    );
    check("<=1.2.3", &["1.2.3", "0.0.0"], &["1.2.4"]);
    check(">1", &["2.0.0"], &["1.0.0", "1.9.9", "2.0.0-beta"]);
    check(">1.2", &["1.3.0"], &["1.2.0", "1.2.9"]);
    check(">1.x", &["2.0.0"], &["1.9.9"]);
    check(">=1.2", &["1.2.0", "1.3.0"], &["1.1.9"]);
    check("<1.2", &["1.1.9"], &["1.2.0", "1.2.0-0"]);
    check("<=1.2", &["1.2.0", "1.2.9"], &["1.3.0"]);
    check("<=1", &["1.9.9"], &["2.0.0", "2.0.0-0"]);
    check("<=0.7.x", &["0.7.2", "0.6.2"], &["0.8.0"]);
    check(">x", &[], &["0.0.0", "9.9.9"]);
    check("<*", &[], &["0.0.0", "9.9.9"]);
    check(
        ">1.0.0 <2.0.0 || >=3",
        &["1.5.0", "3.0.0"],
        &["1.0.0", "2.0.0"],
    );
}

#[test]
fn wildcards() {
    check(
        "1",
        &["1.0.0", "1.9.9"],
        &["2.0.0", "0.9.9", "2.0.0-0", "1.0.0-beta"],
    );
    check("1.x", &["1.0.0", "1.9.9"], &["2.0.0"]);
    check("1.*.x", &["1.0.0", "1.9.9"], &["2.0.0"]);
    check("1.2", &["1.2.0", "1.2.9"], &["1.3.0"]);
    check("1.2.X", &["1.2.0", "1.2.9"], &["1.3.0"]);
    check("=1.2.x", &["1.2.0", "1.2.9"], &["1.3.0"]);
    check("1.2.x-beta", &["1.2.0"], &["1.2.0-beta"]);
    check("1.2.3*", &["1.2.3"], &["1.2.4"]);
}

#[test]
fn hyphens() {
    check("1.2.3 - 2.3.4", &["1.2.3", "2.3.4"], &["1.2.2", "2.3.5"]);
    check("1.2 - 2.3.4", &["1.2.0", "2.3.4"], &["1.1.9", "2.3.5"]);
    check("1.2.3 - 2.3", &["1.2.3", "2.3.9"], &["2.4.0"]);
    check("1.2.3 - 2", &["2.9.9"], &["3.0.0", "3.0.0-0"]);
    check("* - 2", &["0.0.0", "2.9.9"], &["3.0.0"]);
    check("1 - *", &["1.0.0", "99.0.0"], &["0.9.9"]);
    check(
        "1.2.3-beta - 2.0.0-rc.1",
        &["1.2.3-rc", "1.2.3", "2.0.0-rc.0"],
        &["1.2.3-alpha", "2.0.0-rc.2", "1.3.0-rc"],
    );
    check("v1.2.3 - v2", &["1.2.3"], &["3.0.0"]);
    // Without the spaces it is a prerelease.
    check("1.2.3-2.0.0", &["1.2.3-2.0.0"], &["1.5.0"]);
}

#[test]
fn tildes() {
    check(
        "~1.2.3",
        &["1.2.3", "1.2.9"],
        &["1.3.0", "1.2.2", "1.3.0-0"],
    );
    check("~1.2", &["1.2.0", "1.2.9"], &["1.3.0"]);
    check("~1", &["1.0.0", "1.9.9"], &["2.0.0"]);
    check("~0.2.3", &["0.2.3", "0.2.9"], &["0.3.0"]);
    check("~0", &["0.0.0", "0.9.9"], &["1.0.0"]);
    check("~> 1.2.3", &["1.2.9"], &["1.3.0"]);
    check("~ 1.2.3", &["1.2.9"], &["1.3.0"]);
    check(
        "~1.2.3-beta.2",
        &["1.2.3-beta.2", "1.2.3-rc", "1.2.4"],
        &["1.2.4-beta.2", "1.2.3-beta.1"],
    );
    check("~x", &["1.2.3"], &["1.2.3-beta"]);
}

#[test]
fn carets() {
    check(
        "^1.2.3",
        &["1.2.3", "1.9.9"],
        &["2.0.0", "1.2.2", "2.0.0-0"],
    );
    check("^0.2.3", &["0.2.3", "0.2.9"], &["0.3.0", "0.2.2"]);
    check("^0.0.3", &["0.0.3"], &["0.0.4", "0.0.2"]);
    check("^0.0", &["0.0.0", "0.0.9"], &["0.1.0"]);
    check("^0.0.x", &["0.0.0", "0.0.9"], &["0.1.0"]);
    check("^0.x", &["0.0.0", "0.9.9"], &["1.0.0"]);
    check("^0", &["0.9.9"], &["1.0.0"]);
    check("^1.x", &["1.0.0", "1.9.9"], &["2.0.0"]);
    check("^1.2.x", &["1.2.0", "1.9.9"], &["1.1.9", "2.0.0"]);
    check(
        "^1.2.3-beta.2",
        &["1.2.3-beta.2", "1.2.3-beta.4", "1.2.3", "1.9.9"],
        &["1.2.4-beta.2", "1.2.3-beta.1"],
    );
    check(
        "^0.0.3-beta",
        &["0.0.3-beta", "0.0.3-rc", "0.0.3"],
        &["0.0.4"],
    );
    check("^ 1.2.3", &["1.9.9"], &["2.0.0"]);
    check("^*", &["1.2.3"], &["1.2.3-beta"]);
}

#[test]
fn prereleases_count_set_by_set() {
    check(
        ">1.2.3-alpha.3",
        &["1.2.3-alpha.7", "3.4.5", "1.2.3"],
        &["3.4.5-alpha.9", "1.2.3-alpha.3"],
    );
    // Together they exclude what each alone admits or could admit by order.
    check(
        ">=1.2.3-alpha >=1.0.0",
        &["1.2.3-beta"],
        &["1.0.0-beta", "1.2.4-beta"],
    );
    check(
        ">=1.0.0-rc <2.0.0 || 3.0.0-beta",
        &["1.0.0-rc.2", "3.0.0-beta"],
        &["3.0.0-alpha", "2.0.0-rc"],
    );
    // Beside `*` all alternatives are silent.
    check("* || 1.0.0-beta", &["1.0.0"], &["1.0.0-beta"]);
    check(">=0.0.0 || 1.0.0-beta", &["1.0.0"], &["1.0.0-beta"]);
    check(">=v0.0.0 || 1.0.0-beta", &["1.0.0", "1.0.0-beta"], &[]);
}

#[test]
fn prereleases_everywhere() {
    check_with_prereleases("*", &["1.0.0-rc1", "0.0.0-0"], &[]);
    check_with_prereleases("^1.2.0", &["1.3.0-beta"], &["1.2.0-rc", "2.0.0-alpha"]);
    check_with_prereleases("1.x", &["1.0.0-0", "1.9.0-rc"], &["2.0.0-0"]);
    check_with_prereleases("~1.2", &["1.2.0-0"], &["1.3.0-0"]);
    check_with_prereleases("1.0.0 - 2", &["1.0.0-0", "2.9.0-rc"], &["3.0.0-rc"]);
    check_with_prereleases("1.0.0 - 2.0.0", &["2.0.0", "2.0.0-rc"], &["2.0.1-0"]);
    check_with_prereleases(">=1.0.0", &["1.1.0-rc"], &["1.0.0-rc"]);
    check_with_prereleases("<1", &["0.9.0-rc"], &["1.0.0-0"]);
}

#[test]
fn spaces_and_alternatives() {
    check(" >= 1.2.3   < 2 ", &["1.5.0"], &["2.0.0"]);
    check(
        "\t^1\u{a0}||\u{feff}~3.1\n",
        &["1.5.0", "3.1.9"],
        &["2.0.0"],
    );
    check("1||2||3.x", &["1.1.1", "2.2.2", "3.3.3"], &["4.0.0"]);
    check("^1 <0.5.0", &[], &["1.0.0", "0.4.0"]);
    // The `v` ends a prerelease, and is not the prefix of the version after it.
    check("<=2.0.3-v  = v3", &[], &["2.0.0", "3.0.0"]);
    check("1.2.3-v = 1.2.3-v", &["1.2.3-v"], &["1.2.3"]);
}

#[test]
fn what_is_no_range_says_where_and_why() {
    let misses: Vec<String> = [
        "latest",
        "workspace:*",
        "^",
        ">",
        "1.2.3.4",
        "01.2.3",
        "1.2.3-01",
        "1.2.3-",
        "1.2.3-a..b",
        "1.x.3",
        "x.1",
        "^1.2.3 foo",
        "1 - 2 3",
        ">=v=1.2.3",
        "vv1.2.3",
        "1 || 2 || !",
        ">1.2.3, <2",
        ">1.2.3 , <2",
        "1.2.3beta",
        "1 | 2",
        "1.2.3\u{0}",
        "9007199254740992.0.0",
        "^9007199254740991.0.0",
        "é",
        "1.2.3 || \u{200b}",
        "~~1",
        "^^1",
        "git://x",
        "=>1.2.3",
        "01.0.0",
        "1.00",
        "1.2.007",
        "1.x1",
        ">=1.9007199254740992.0",
        "1 ||| 2",
        "1.2.3-beta!",
        &"3".repeat(300),
        &format!("^1.{}", "3".repeat(300)),
        &format!("1.2.3-{}", "a".repeat(300)),
    ]
    .iter()
    .map(|text| match text.parse::<Range>() {
        Err(error @ ResolverError::InvalidRange { .. }) => error.to_string(),
        other => panic!("{text}: {other:?}"),
    })
    .collect();
    insta::assert_snapshot!(misses.join("\n"));
}

#[test]
fn enormous_input_is_refused_by_name() {
    let error = |text: String| text.parse::<Range>().unwrap_err().to_string();
    assert_eq!(
        error("1".repeat(1 << 20)),
        "a range in bytes of 1048576 exceeds the limit of 65536"
    );
    assert_eq!(
        error("1||".repeat(2_000)),
        "the alternatives of a range of 2001 exceeds the limit of 1024"
    );
    assert_eq!(
        error(">1 ".repeat(10_000)),
        "the comparators of a range of 10000 exceeds the limit of 2048"
    );
    // At the limit nothing is slow: each of these would take minutes if read in quadratic time.
    for piece in [
        "v", "=", " v", "+a", "~ ", "> ", "1 ", "*", "-", "1.2.3-a ", ">=", "é",
    ] {
        let text = piece.repeat(Range::MAX_BYTES / piece.len());
        let _ = text.parse::<Range>();
    }
}

#[test]
fn a_range_keeps_its_text() {
    for text in ["  ^1.2.3 ", "", ">= 1 < 2", "v1.2.3+build"] {
        assert_eq!(text.parse::<Range>().unwrap().to_string(), text);
    }
}

#[test]
fn versions() {
    for (text, expected) in [
        ("1.2.3", Some("1.2.3")),
        (" v1.2.3-beta.1+build.7 \n", Some("1.2.3-beta.1+build.7")),
        ("\u{feff}1.2.3", Some("1.2.3")),
        ("9007199254740991.0.0", Some("9007199254740991.0.0")),
        ("9007199254740992.0.0", None),
        ("=1.2.3", None),
        ("vv1.2.3", None),
        ("1.2", None),
        ("1.2.3.4", None),
        ("01.2.3", None),
        ("1.2.3-01", None),
        ("1.2.3-0a", Some("1.2.3-0a")),
        ("1.2.3-", None),
        ("1.2.3+", None),
        ("1.2.3beta", None),
        ("", None),
        ("1.2.3-é", None),
    ] {
        let read = parse_version(text).ok().map(|version| version.to_string());
        assert_eq!(read.as_deref(), expected, "{text:?}");
    }
    assert!(parse_version(&format!("1.2.3-{}", "a".repeat(250))).is_ok());
    assert!(parse_version(&format!("1.2.3-{}", "a".repeat(251))).is_err());
}

#[test]
fn what_is_no_version_says_where_and_why() {
    let misses: Vec<String> = [
        "",
        " 1.2.x",
        "1",
        "1.2",
        "=1.2.3",
        "vv1.2.3",
        "01.0.0",
        "1.0.00",
        "9007199254740992.0.0",
        &"3".repeat(250),
        &"3".repeat(300),
        "1.2.3.4",
        "1.2.3beta",
        "1.2.3 4",
        "1.2.3-",
        "1.2.3-01",
        "1.2.3-a..b",
        "1.2.3-a b",
        "1.2.3-é",
        "1.2.3+",
        "1.2.3+a..b",
    ]
    .iter()
    .map(|text| parse_version(text).unwrap_err().to_string())
    .collect();
    insta::assert_snapshot!(misses.join("\n"));
}

#[test]
fn order_of_versions() {
    let ascending = [
        "0.0.0-0",
        "0.0.0",
        "1.0.0-alpha",
        "1.0.0-alpha.1",
        "1.0.0-alpha.beta",
        "1.0.0-beta",
        "1.0.0-beta.2",
        "1.0.0-beta.11",
        "1.0.0-rc.1",
        "1.0.0",
        "1.0.1",
        "1.1.0",
        "2.0.0",
        "10.0.0",
    ];
    let versions: Vec<_> = ascending
        .iter()
        .map(|text| parse_version(text).unwrap())
        .collect();
    for (i, a) in versions.iter().enumerate() {
        for (j, b) in versions.iter().enumerate() {
            assert_eq!(compare_versions(a, b), i.cmp(&j), "{a} {b}");
        }
    }
    let equal = |a: &str, b: &str| {
        compare_versions(&parse_version(a).unwrap(), &parse_version(b).unwrap()).is_eq()
    };
    assert!(equal("1.0.0+a", "1.0.0+b"));
    // Beyond 2^53 JavaScript rounds, and so does npm.
    assert!(equal("1.0.0-9007199254740993", "1.0.0-9007199254740992"));
    assert!(!equal("1.0.0-9007199254740991", "1.0.0-9007199254740992"));
}
