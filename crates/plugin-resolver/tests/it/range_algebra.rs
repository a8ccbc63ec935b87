//! Questions about whole ranges: a table for each, node-semver's odd answers among them, and laws decided by looking everywhere.

use plugin_resolver::{Prereleases, Range, parse_version};
use proptest::prelude::*;
use semver::Version;

use crate::cases::config;

use Prereleases::{Everywhere, WhereNamed};

fn range(text: &str, prereleases: Prereleases) -> Range {
    Range::parse(text, prereleases).unwrap()
}

fn strict(text: &str) -> Range {
    range(text, WhereNamed)
}

fn version(text: &str) -> Version {
    parse_version(text).unwrap()
}

#[test]
fn the_best_of_many() {
    let versions: Vec<Version> = [
        "1.2.0",
        "2.0.0-rc.1",
        "1.10.0+first",
        "0.9.0",
        "1.10.0+second",
        "1.3.0-beta",
        "1.9.0",
    ]
    .map(version)
    .to_vec();
    let best = |text: &str, prereleases| {
        let range = range(text, prereleases);
        let text = |version: Option<&Version>| version.map(Version::to_string).unwrap_or_default();
        format!(
            "{} {}",
            text(range.min_satisfying(&versions)),
            text(range.max_satisfying(&versions))
        )
    };
    assert_eq!(best("^1.2", WhereNamed), "1.2.0 1.10.0+first");
    assert_eq!(best("*", WhereNamed), "0.9.0 1.10.0+first");
    assert_eq!(best("*", Everywhere), "0.9.0 2.0.0-rc.1");
    assert_eq!(
        best(">=1.3.0-alpha <1.9", WhereNamed),
        "1.3.0-beta 1.3.0-beta"
    );
    assert_eq!(best(">2", Everywhere), " ");
    assert_eq!(strict("*").max_satisfying([]), None);
}

#[test]
fn the_least_version() {
    for (text, in_strict, everywhere) in [
        ("*", "0.0.0", "0.0.0"),
        ("^1.2.3", "1.2.3", "1.2.3"),
        ("^1.2", "1.2.0", "1.2.0-0"),
        ("~0.3", "0.3.0", "0.3.0-0"),
        ("1.x", "1.0.0", "1.0.0-0"),
        (">1", "2.0.0", "2.0.0-0"),
        ("<=2", "0.0.0", "0.0.0"),
        ("=1.2.3-beta", "1.2.3-beta", "1.2.3-beta"),
        ("2 - 3", "2.0.0", "2.0.0-0"),
        ("^2 || ^1.5 || 3", "1.5.0", "1.5.0-0"),
        (">=1.2.3-rc <1.2.3", "1.2.3-rc", "1.2.3-rc"),
        (">1.2.3-rc", "1.2.3-rc.0", "1.2.3-rc.0"),
        (">2 <1", "", ""),
        ("<0.0.0-0", "", ""),
        ("<0.0.0-rc", "0.0.0-0", "0.0.0-0"),
        ("<0.0.0", "", "0.0.0-0"),
        // Odd: releases before prereleases, ...
        (">=0.0.0-0", "0.0.0", "0.0.0"),
        (">1.2.3", "1.2.4", "1.2.4"),
        (">1.2.3 <=1.2.4-rc", "", ""),
        // ... and only the least lower bound is tried.
        (">=2.0.0 <1.0.0 || 3.0.0", "", ""),
        // After the greatest number comes none.
        (">1.0.9007199254740991", "", ""),
    ] {
        for (prereleases, expected) in [(WhereNamed, in_strict), (Everywhere, everywhere)] {
            let least = range(text, prereleases).min_version();
            let least = least.map(|version| version.to_string()).unwrap_or_default();
            assert_eq!(least, expected, "{text:?} {prereleases:?}");
        }
    }
}

#[test]
fn what_intersects() {
    for (left, right, in_strict, everywhere) in [
        ("^1.2", "~1.5.1", true, true),
        ("^1.2", "^2", false, false),
        ("<1.2.3", ">=1.2.3", false, false),
        ("<=1.2.3", ">=1.2.3", true, true),
        ("<=1.2.3", ">1.2.3", false, false),
        ("1.2.3", "1.x", true, true),
        ("1.2.3", "1.2.4", false, false),
        ("^1 || ^3", "^2 || >=3.5", true, true),
        ("^1 || ^3", "^2 || >=4", false, false),
        ("*", ">5", true, true),
        (">2 <1", "*", false, false),
        ("<0.0.0-0", "<1", false, false),
        ("1.0.0 - 2", ">=2.9", true, true),
        ("<2.0.0-0", ">=2.0.0-0", false, false),
        ("<2.0.0", ">=2.0.0-alpha", true, true),
        // Odd: pairs of comparators by order, whether or not a version lies between.
        (">1.2.3", "<1.2.4", true, true),
        // Odd: an exact prerelease counts by the strict rule, from one side.
        ("*", "1.0.0-beta", true, true),
        ("1.0.0-beta", "*", false, true),
        (">=0.9.0 1.0.0-beta", "*", false, true),
        // Odd: nothing is less than 0.0.0, but 0.0.0-alpha is.
        ("<0.0.0-beta", "0.0.0-alpha", true, true),
        ("<0.0.0-beta", "<1", false, true),
    ] {
        for (prereleases, expected) in [(WhereNamed, in_strict), (Everywhere, everywhere)] {
            let answer = range(left, prereleases).intersects(&range(right, prereleases));
            assert_eq!(answer, expected, "{left:?} {right:?} {prereleases:?}");
        }
    }
}

#[test]
fn what_is_a_subset() {
    for (sub, of, in_strict, everywhere) in [
        ("^1.2", "^1", true, true),
        ("^1", "^1.2", false, false),
        ("1.2.3", "^1.2", true, true),
        ("1.2.3", "1.2.3 || 5", true, true),
        ("~1.2 || ~1.4", ">=1.2 <2", true, true),
        ("~1.2 || ^2", ">=1.2 <2", false, false),
        (">1", ">=1", true, true),
        (">=1", ">1", false, false),
        ("<2", "<=2", true, true),
        ("*", "*", true, true),
        ("*", ">=0.0.0", true, false),
        (">=0.0.0-0", "*", false, true),
        ("^1", "*", true, true),
        ("<1", "*", false, true),
        (">=1.0.0", ">=1.0.0 <2.0.0", false, false),
        (">=1.2.3 <=1.2.3", "1.2.3", true, true),
        (">2 <1", "5", true, true),
        ("1.0.0 2.0.0", "5", true, true),
        (">=1.2.3-beta <2", ">=1.0.0", false, true),
        (">=1.2.3-beta <2", ">=1.2.3-alpha", true, true),
        ("<1.2.3-0 >=1", "<1.2.3 >=1", true, true),
        ("1.2.3-beta", "^1", false, true),
        // Odd: within one alternative, not within several together.
        ("1.x", "<1.5.0 || >=1.5.0", false, false),
        // Odd: what nothing satisfies is passed over only before the first that something does.
        (">2 <1 || 3.0.0", "3.x", true, true),
        ("3.0.0 || >2 <1", "3.x", false, false),
        ("3.0.0 || >2 <1", "3.x || >2 <1", true, true),
        // Odd: `>=1.0.0` alone does not admit the prerelease, so both together are taken for impossible.
        ("1.2.3-beta >=1.0.0", "5.x", true, false),
        // Odd: `>x` admits nothing, and yet is taken for "less than something".
        (">x", "1.x", false, false),
    ] {
        for (prereleases, expected) in [(WhereNamed, in_strict), (Everywhere, everywhere)] {
            let answer = range(sub, prereleases).is_subset_of(&range(of, prereleases));
            assert_eq!(answer, expected, "{sub:?} {of:?} {prereleases:?}");
        }
    }
}

#[test]
fn on_which_side_of_a_version() {
    for (text, place, expected) in [
        ("^1.2.3", "2.0.0", "below"),
        ("^1.2.3", "1.2.2", "above"),
        ("^1.2.3", "1.5.0", "neither"),
        ("^1 || ^3", "2.5.0", "neither"),
        ("^1 || ^3", "4.0.0", "below"),
        ("^1 || ^3", "0.9.0", "above"),
        (">=1", "9.0.0", "neither"),
        (">=1", "0.9.0", "above"),
        ("<=1.0.0", "1.0.1", "below"),
        ("1.2.3", "1.2.4", "below"),
        ("1.2.3", "1.2.3-beta", "above"),
        ("*", "1.0.0", "neither"),
        // `<2.0.0-0` is the upper bound of `^1`.
        ("^1", "2.0.0-alpha", "below"),
        // Odd: what is between the bounds and yet outside, as a prerelease, is on both sides.
        ("^1.2.3", "1.5.0-beta", "both"),
        // Odd: only the outermost comparators count.
        (">=1.0.0 2.0.0", "1.5.0", "both"),
        ("<0.0.0-0", "1.0.0", "below"),
    ] {
        let range = strict(text);
        let place_read = version(place);
        let answer = match (range.lies_below(&place_read), range.lies_above(&place_read)) {
            (true, true) => "both",
            (true, false) => "below",
            (false, true) => "above",
            (false, false) => "neither",
        };
        assert_eq!(answer, expected, "{text:?} {place:?}");
    }
}

#[test]
fn questions_about_enormous_ranges_are_answered() {
    let alternatives = |from: usize| -> Range {
        let texts: Vec<String> = (from..from + Range::MAX_ALTERNATIVES)
            .map(|major| format!("^{major}.0.0"))
            .collect();
        strict(&texts.join("||"))
    };
    let (low, high) = (alternatives(1), alternatives(100_000));
    assert!(!low.intersects(&high));
    assert!(!low.is_subset_of(&high));
    assert!(low.lies_below(&version("5000.0.0")));
    let together: Vec<String> = (1..=Range::MAX_COMPARATORS)
        .map(|n| format!(">{n}.0.0"))
        .collect();
    let together = strict(&together.join(" "));
    assert!(together.intersects(&together));
}

/// Every version of a small world: four majors, minors and patches, each with four prereleases.
fn grid() -> Vec<Version> {
    let mut grid = Vec::new();
    for release in 0..64 {
        for pre in ["", "-0", "-alpha", "-alpha.0", "-beta"] {
            let (major, minor, patch) = (release / 16, release / 4 % 4, release % 4);
            grid.push(version(&format!("{major}.{minor}.{patch}{pre}")));
        }
    }
    grid
}

/// A range as people write them, over the numbers of the grid.
fn any_range() -> impl Strategy<Value = String> {
    let number = 0..4_u8;
    let partial = prop_oneof![
        (number.clone(), number.clone(), number.clone())
            .prop_map(|(a, b, c)| format!("{a}.{b}.{c}")),
        (number.clone(), number.clone(), number.clone(), prerelease())
            .prop_map(|(a, b, c, pre)| format!("{a}.{b}.{c}-{pre}")),
        (number.clone(), number.clone()).prop_map(|(a, b)| format!("{a}.{b}")),
        number.prop_map(|a| format!("{a}.x")),
        Just("*".to_owned()),
    ];
    let operator = prop::sample::select(vec!["", "^", "~", ">", ">=", "<", "<="]);
    let simple = (operator, partial).prop_map(|(operator, partial)| format!("{operator}{partial}"));
    let set = prop::collection::vec(simple, 1..3).prop_map(|set| set.join(" "));
    prop::collection::vec(set, 1..3).prop_map(|sets| sets.join(" || "))
}

fn prerelease() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["0", "alpha", "beta"])
}

fn any_rule() -> impl Strategy<Value = Prereleases> {
    prop::sample::select(vec![WhereNamed, Everywhere])
}

/// Points in ascending order for bounds; between any two, and beyond the last, there is always more.
const POINTS: [&str; 7] = [
    "0.0.0",
    "0.0.1-alpha",
    "0.0.1",
    "1.2.3-alpha",
    "1.2.3-beta",
    "1.2.3",
    "2.0.0",
];

/// A comparator over `POINTS`: operator and index.
type Bound = (&'static str, usize);

fn any_set() -> impl Strategy<Value = Vec<Bound>> {
    let operator = prop::sample::select(vec!["=", ">", ">=", "<", "<="]);
    prop::collection::vec((operator, 0..POINTS.len()), 1..4)
}

fn write(sets: &[Vec<Bound>]) -> Range {
    let set = |set: &Vec<Bound>| -> String {
        let bounds: Vec<String> = set
            .iter()
            .map(|(op, at)| format!("{op}{}", POINTS[*at]))
            .collect();
        bounds.join(" ")
    };
    let sets: Vec<String> = sets.iter().map(set).collect();
    range(&sets.join(" || "), Everywhere)
}

/// The places that a set of bounds leaves: an odd one is a point, an even one lies before, between or behind points.
fn places(set: &[Bound]) -> Vec<usize> {
    let admits = |place: usize, (operator, at): &Bound| {
        let point = 2 * at + 1;
        match *operator {
            "=" => place == point,
            ">" => place > point,
            ">=" => place >= point,
            "<" => place < point,
            "<=" => place <= point,
            other => panic!("{other}"),
        }
    };
    (0..=2 * POINTS.len())
        .filter(|place| set.iter().all(|bound| admits(*place, bound)))
        .collect()
}

proptest! {
    #![proptest_config(config(512))]

    #[test]
    fn best_is_what_sorting_finds(
        text in any_range(),
        rule in any_rule(),
        mut versions in prop::sample::subsequence(grid(), 0..40).prop_shuffle(),
    ) {
        let range = range(&text, rule);
        let (max, min) = (
            range.max_satisfying(&versions).cloned(),
            range.min_satisfying(&versions).cloned(),
        );
        versions.retain(|version| range.satisfies(version));
        versions.sort();
        prop_assert_eq!(max.as_ref(), versions.last());
        prop_assert_eq!(min.as_ref(), versions.first());
    }

    #[test]
    fn nothing_below_the_least_version_satisfies(text in any_range(), rule in any_rule()) {
        let range = range(&text, rule);
        if let Some(least) = range.min_version() {
            prop_assert!(range.satisfies(&least));
            // Of the release itself there may be prereleases that do: releases are tried first.
            let release = Version::new(least.major, least.minor, least.patch);
            let below = |v: &&Version| **v < least && Version::new(v.major, v.minor, v.patch) != release;
            for version in grid().iter().filter(below) {
                prop_assert!(!range.satisfies(version), "{} {} {}", range, least, version);
            }
        }
    }

    #[test]
    fn what_both_admit_intersects(left in any_range(), right in any_range(), rule in any_rule()) {
        let (left, right) = (range(&left, rule), range(&right, rule));
        // Prereleases that are named exactly, or below 0.0.0, are odd in strict ranges: releases only, there.
        let witness = |v: &Version| {
            (rule == Everywhere || v.pre.is_empty()) && left.satisfies(v) && right.satisfies(v)
        };
        if grid().iter().any(witness) {
            prop_assert!(left.intersects(&right), "{} {}", left, right);
        }
    }

    #[test]
    fn intersection_is_a_common_place(
        left in prop::collection::vec(any_set(), 1..3),
        right in prop::collection::vec(any_set(), 1..3),
    ) {
        let common = left.iter().any(|l| {
            right.iter().any(|r| places(l).iter().any(|place| places(r).contains(place)))
        });
        prop_assert_eq!(write(&left).intersects(&write(&right)), common);
        prop_assert_eq!(write(&right).intersects(&write(&left)), common);
    }

    #[test]
    fn a_subset_has_no_place_of_its_own(sub in any_set(), of in any_set()) {
        let within = places(&sub).iter().all(|place| places(&of).contains(place));
        prop_assert_eq!(write(&[sub]).is_subset_of(&write(&[of])), within);
    }

    #[test]
    fn every_version_of_a_subset_satisfies_the_other(
        sub in any_range(),
        of in any_range(),
        rule in any_rule(),
    ) {
        let (sub, of) = (range(&sub, rule), range(&of, rule));
        prop_assert!(sub.is_subset_of(&sub));
        if sub.is_subset_of(&of) {
            // An exact prerelease beside other comparators is the one odd case, see the table.
            let counts = |v: &&Version| rule == Everywhere || v.pre.is_empty();
            for version in grid().iter().filter(counts) {
                prop_assert!(
                    !sub.satisfies(version) || of.satisfies(version),
                    "{} {} {}", sub, of, version
                );
            }
        }
    }

    #[test]
    fn all_of_a_range_lies_on_its_side(
        from in 0..64_usize,
        operator in prop::sample::select(vec!["^", "~", "", "<", "<=", ">", ">="]),
        other in any_range().prop_filter("one set", |text| !text.contains(' ')),
        at in 0..64_usize,
    ) {
        let releases: Vec<Version> = grid().into_iter().filter(|v| v.pre.is_empty()).collect();
        let range = strict(&format!("{operator}{} || {other}", releases[from]));
        let version = &releases[at];
        let within: Vec<&Version> = releases.iter().filter(|v| range.satisfies(v)).collect();
        if range.lies_below(version) {
            prop_assert!(within.iter().all(|v| *v < version), "{} {}", range, version);
        }
        if range.lies_above(version) {
            prop_assert!(within.iter().all(|v| *v > version), "{} {}", range, version);
        }
    }
}
