//! Reading ranges, and deciding whether a version is in one.

use std::hint::black_box;

use benches::measure::medians;
use benches::report::{Cell, Row, Section, Target, Unit};
use plugin_resolver::{Prereleases, Range, parse_version};

use crate::Plan;

/// npm's own verdicts on real pairs; the file says how it is to be read.
const VERDICTS: &str = include_str!("../../../crates/plugin-resolver/tests/it/data/verdicts.txt");

/// Ranges and versions of npm with npm's verdicts.
struct Verdicts {
    versions: Vec<&'static str>,
    ranges: Vec<String>,
    /// Range and version by number, and whether npm says that it is in.
    pairs: Vec<(usize, usize, bool)>,
}

/// Ranges beside the crates that one might take instead.
pub(crate) fn ranges(plan: Plan) -> Section {
    let verdicts = Verdicts::read();
    let count = |number: usize| f64::from(u32::try_from(number).unwrap());
    let ours = Contestant::new(
        &verdicts,
        |text| Range::parse(text, Prereleases::WhereNamed).ok(),
        |text| parse_version(text).ok(),
        Range::satisfies,
    );
    let nodejs = Contestant::new(
        &verdicts,
        |text| nodejs_semver::Range::parse(text).ok(),
        |text| nodejs_semver::Version::parse(text).ok(),
        nodejs_semver::Range::satisfies,
    );
    let cargo = Contestant::new(
        &verdicts,
        |text| semver::VersionReq::parse(text).ok(),
        |text| semver::Version::parse(text).ok(),
        semver::VersionReq::matches,
    );
    let right = [ours.right(), nodejs.right(), cargo.right()];
    let pairs = count(verdicts.pairs.len());
    let reading = medians(
        plan.effort,
        &mut [
            Box::new(|| ours.read_all()),
            Box::new(|| nodejs.read_all()),
            Box::new(|| cargo.read_all()),
        ],
    );
    let deciding = medians(
        plan.effort,
        &mut [
            Box::new(|| {
                black_box(ours.right());
            }),
            Box::new(|| {
                black_box(nodejs.right());
            }),
            Box::new(|| {
                black_box(cargo.right());
            }),
        ],
    );
    let row = |label: &str, unit, target: Option<f64>, cells: Vec<Cell>| Row {
        label: label.to_owned(),
        unit,
        target: target.map(Target::Figure),
        cells,
    };
    let each = |times: Vec<f64>, number: f64| {
        times
            .into_iter()
            .map(|time| Cell::figure(time * 1e9 / number))
            .collect()
    };
    let share = |right: usize| {
        let wrong = verdicts.pairs.len() - right;
        Cell::Figure(count(right) / pairs * 100.0, format!("{wrong} wrong"))
    };
    Section {
        title: "Ranges".to_owned(),
        note: format!(
            "npm's verdicts on {} real pairs of {} ranges; a range that a crate refuses is wrong for all its pairs. What was read once is \
             decided upon many times.",
            verdicts.pairs.len(),
            verdicts.ranges.len(),
        ),
        contestants: ["ours", "nodejs-semver", "semver's VersionReq"]
            .map(str::to_owned)
            .to_vec(),
        ours: 1,
        rows: vec![
            row(
                "verdicts",
                Unit::Percent,
                Some(100.0),
                right.map(share).to_vec(),
            ),
            row(
                "reading a range",
                Unit::Nanoseconds,
                None,
                each(reading, count(verdicts.ranges.len())),
            ),
            row(
                "deciding a pair",
                Unit::Nanoseconds,
                None,
                each(deciding, pairs),
            ),
        ],
    }
}

/// A crate with everything read in its way.
struct Contestant<'a, R, V> {
    verdicts: &'a Verdicts,
    read: fn(&str) -> Option<R>,
    ranges: Vec<Option<R>>,
    versions: Vec<Option<V>>,
    satisfies: fn(&R, &V) -> bool,
}

impl<'a, R, V> Contestant<'a, R, V> {
    fn new(
        verdicts: &'a Verdicts,
        read: fn(&str) -> Option<R>,
        version: fn(&str) -> Option<V>,
        satisfies: fn(&R, &V) -> bool,
    ) -> Self {
        Self {
            verdicts,
            read,
            ranges: verdicts.ranges.iter().map(|text| read(text)).collect(),
            versions: verdicts.versions.iter().map(|text| version(text)).collect(),
            satisfies,
        }
    }

    fn read_all(&self) {
        for text in &self.verdicts.ranges {
            black_box((self.read)(text));
        }
    }

    /// On how many pairs it agrees with npm.
    fn right(&self) -> usize {
        let is_right = |(range, version, expected): &&(usize, usize, bool)| {
            let Some(range) = &self.ranges[*range] else {
                return false;
            };
            let version = self.versions[*version].as_ref();
            version.is_some_and(|version| (self.satisfies)(range, version)) == *expected
        };
        self.verdicts.pairs.iter().filter(is_right).count()
    }
}

impl Verdicts {
    fn read() -> Self {
        let mut lines = VERDICTS.lines().skip_while(|line| line.starts_with('#'));
        let versions = lines.by_ref().take_while(|line| !line.is_empty()).collect();
        let mut ranges: Vec<String> = Vec::new();
        let mut pairs = Vec::new();
        for line in lines {
            let Some(row) = line.strip_prefix('\t') else {
                ranges.push(serde_json::from_str(line).unwrap());
                continue;
            };
            let (inside, outside) = row.split_once(' ').unwrap();
            for (codes, expected) in [(inside, true), (outside, false)] {
                let digits = codes.bytes().map(|byte| usize::from(byte - b'0'));
                let digits: Vec<usize> = digits.collect();
                for pair in digits.chunks(2) {
                    pairs.push((ranges.len() - 1, pair[0] * 79 + pair[1], expected));
                }
            }
        }
        Self {
            versions,
            ranges,
            pairs,
        }
    }
}
