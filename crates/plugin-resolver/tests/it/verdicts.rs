//! 12,000 rows of real verdicts, 95,158 pairs: all must hold.

use plugin_resolver::{Prereleases, Range, parse_version};

const VERDICTS: &str = include_str!("data/verdicts.txt");

#[test]
fn every_real_verdict_of_npm_holds() {
    let mut lines = VERDICTS.lines().skip_while(|line| line.starts_with('#'));
    // One text, 3.0.0beta7, is no version to npm; it satisfies nothing.
    let versions: Vec<(&str, Option<semver::Version>)> = lines
        .by_ref()
        .take_while(|line| !line.is_empty())
        .map(|line| (line, parse_version(line).ok()))
        .collect();
    let decoded = |codes: &str| {
        let digits: Vec<usize> = codes.bytes().map(|b| usize::from(b - b'0')).collect();
        assert_eq!(digits.len() % 2, 0);
        digits
            .chunks(2)
            .map(|pair| pair[0] * 79 + pair[1])
            .collect::<Vec<_>>()
    };
    let (mut rows, mut pairs, mut wrong) = (0, 0, Vec::new());
    let mut range: Option<Range> = None;
    for line in lines {
        let Some(row) = line.strip_prefix('\t') else {
            let text: String = serde_json::from_str(line).unwrap();
            range = Some(Range::parse(&text, Prereleases::WhereNamed).unwrap());
            continue;
        };
        let range = range.as_ref().unwrap();
        let (inside, outside) = row.split_once(' ').unwrap();
        rows += 1;
        for (codes, expected) in [(inside, true), (outside, false)] {
            for index in decoded(codes) {
                pairs += 1;
                let (text, version) = &versions[index];
                let satisfies = version.as_ref().is_some_and(|v| range.satisfies(v));
                if satisfies != expected {
                    wrong.push((range.to_string(), *text, expected));
                }
            }
        }
    }
    assert_eq!(wrong, []);
    assert_eq!((rows, pairs), (12_000, 95_158));
    assert_eq!(
        versions
            .iter()
            .filter(|(_, version)| version.is_none())
            .count(),
        1
    );
}
