//! Problems like those of the real plugin ecosystem; the real ones where a folder holds its data.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;

use flate2::read::GzDecoder;
use plugin_resolver::{Prereleases, Range, parse_version};
use semver::Version;
use serde::Deserialize;

use crate::problem::{Edge, Package, Problem, Release, Spans, span};
use crate::random::Random;
use crate::synthetic::{Shape, Sizes, registry};

/// The variable that names a folder with real metadata: `registry-core-ranges.json` (plugin, version, dependency, range),
/// `packuments-closure.json.gz` (`packages`: name, version, package.json; `distTags`) and `range-pairs.jsonl.gz`.
pub const DATA: &str = "ONE_PLUGIN_BENCH_DATA";

/// The folder with real metadata, if there is one.
#[must_use]
pub fn data_folder() -> Option<PathBuf> {
    std::env::var_os(DATA).map(PathBuf::from)
}

const CORE: &str = "@elizaos/core";

/// What 375 plugin releases ask of their core, as often as the public registry had it in 2026-11; what was there less than three times is
/// counted with what is like it.
const CORE_RANGES: &[(&str, usize)] = &[
    ("0.25.6-alpha.1", 142),
    ("2.0.0-alpha.3", 62),
    ("latest", 40),
    ("^1.0.0", 24),
    ("2.0.0-alpha.114", 22),
    ("workspace:*", 14),
    ("1.0.9", 12),
    ("^1.7.0", 6),
    ("^1.2.1", 6),
    ("alpha", 4),
    ("next", 3),
    ("1.7.2", 4),
    ("^1.3.1", 5),
    ("^1.6.3", 6),
    ("*", 3),
    ("0.25.9", 3),
    ("^1.0.9", 6),
    ("1.5.10", 5),
    (">=1.0.0", 3),
    ("~1.7.2", 2),
    ("^0.25.9", 1),
    ("^0.25.6-alpha.1", 1),
    ("^1.0.0-beta.7", 1),
];

/// Releases of the core, ascending.
const CORE_VERSIONS: &[&str] = &[
    "0.1.7-alpha.2",
    "0.1.7",
    "0.1.8",
    "0.1.9",
    "0.25.6-alpha.1",
    "0.25.8",
    "0.25.9",
    "1.0.0-beta.7",
    "1.0.0",
    "1.0.1",
    "1.0.4",
    "1.0.9",
    "1.0.20",
    "1.1.8",
    "1.2.0",
    "1.2.1",
    "1.2.4",
    "1.2.10",
    "1.2.12",
    "1.3.0",
    "1.3.1",
    "1.3.2",
    "1.4.2",
    "1.5.5",
    "1.5.7",
    "1.5.8",
    "1.5.10",
    "1.5.15",
    "1.6.1",
    "1.6.2",
    "1.6.3",
    "1.6.4-alpha.14",
    "1.6.4-alpha.15",
    "1.6.4-alpha.16",
    "1.6.4-alpha.17",
    "1.6.4-alpha.18",
    "1.6.4-alpha.19",
    "1.6.4-alpha.20",
    "1.6.4-alpha.21",
    "1.6.4",
    "1.6.5-alpha.1",
    "1.6.5",
    "1.7.0",
    "1.7.1",
    "1.7.2",
    "1.7.3-alpha.4",
    "2.0.0-alpha.3",
    "2.0.0-alpha.10",
    "2.0.0-alpha.32",
    "2.0.0-alpha.54",
    "2.0.0-alpha.77",
    "2.0.0-alpha.109",
    "2.0.0-alpha.114",
    "2.0.0-alpha.537",
];

/// How many plugins have one, two and three of these releases.
const PLUGINS: [usize; 3] = [180, 87, 7];

type Releases = BTreeMap<String, Metadata>;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Metadata {
    dependencies: BTreeMap<String, String>,
    peer_dependencies: BTreeMap<String, String>,
    peer_dependencies_meta: BTreeMap<String, PeerMetadata>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct PeerMetadata {
    optional: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Closure {
    packages: BTreeMap<String, Releases>,
    dist_tags: BTreeMap<String, BTreeMap<String, String>>,
}

/// Every plugin of the registry at once: 375 releases of 274 plugins, of which 61 ask for a core by something that is no range, and of
/// whose pairs nearly half have no core in common.
#[must_use]
pub(crate) fn everything() -> Problem {
    let real = data_folder().map(|folder| {
        let file = File::open(folder.join("registry-core-ranges.json")).unwrap();
        let plugins: BTreeMap<String, BTreeMap<String, BTreeMap<String, String>>> =
            serde_json::from_reader(BufReader::new(file)).unwrap();
        let metadata = |dependencies| Metadata {
            dependencies,
            ..Metadata::default()
        };
        let releases = plugins.into_iter().map(|(name, releases)| {
            let releases = releases
                .into_iter()
                .map(|(version, needs)| (version, metadata(needs)));
            (name, releases.collect())
        });
        releases.collect()
    });
    let mut packages: BTreeMap<String, Releases> = real.unwrap_or_else(plugins);
    let roots: Vec<Vec<String>> = vec![packages.keys().cloned().collect()];
    let core = CORE_VERSIONS
        .iter()
        .map(|v| ((*v).to_owned(), Metadata::default()));
    packages.insert(CORE.to_owned(), core.collect());
    let latest = BTreeMap::from([("latest".to_owned(), "1.7.2".to_owned())]);
    problem(
        &packages,
        &BTreeMap::from([(CORE.to_owned(), latest)]),
        &roots,
    )
}

/// Plugins with the proportions of the real ones.
fn plugins() -> BTreeMap<String, Releases> {
    let mut random = Random::new(375);
    let mut ranges: Vec<&str> = CORE_RANGES
        .iter()
        .flat_map(|(range, count)| std::iter::repeat_n(*range, *count))
        .collect();
    for at in (1..ranges.len()).rev() {
        ranges.swap(at, random.index(at + 1));
    }
    let mut ranges = ranges.into_iter();
    let counts = (1..).zip(PLUGINS);
    let counts = counts.flat_map(|(releases, plugins)| std::iter::repeat_n(releases, plugins));
    counts
        .enumerate()
        .map(|(plugin, releases)| {
            let release = |(major, range): (usize, &str)| {
                let metadata = Metadata {
                    dependencies: BTreeMap::from([(CORE.to_owned(), range.to_owned())]),
                    ..Metadata::default()
                };
                (format!("{major}.0.0"), metadata)
            };
            let releases = (0..).zip(ranges.by_ref().take(releases)).map(release);
            (format!("plugin-{plugin:03}"), releases.collect())
        })
        .collect()
}

/// What npm has below real plugins: 1,105 packages of 3,480 releases, each package a request of its own.
#[must_use]
pub(crate) fn closure() -> Problem {
    let Some(folder) = data_folder() else {
        return islands();
    };
    let file = File::open(folder.join("packuments-closure.json.gz")).unwrap();
    let closure: Closure = serde_json::from_reader(BufReader::new(GzDecoder::new(file))).unwrap();
    let roots: Vec<Vec<String>> = closure
        .packages
        .keys()
        .map(|name| vec![name.clone()])
        .collect();
    problem(&closure.packages, &closure.dist_tags, &roots)
}

/// As many packages and releases in registries of 50, since a request of npm's reaches some dozens of packages and not all.
fn islands() -> Problem {
    let mut problem = Problem::default();
    for (seed, packages) in (0..).zip([50; 21].into_iter().chain([55])) {
        let first = problem.packages.len();
        let island = registry(packages, Shape::Mixed, Sizes::Few, seed);
        for (at, mut package) in island.packages.into_iter().enumerate() {
            package.name = format!("p{:04}", first + at);
            let edges = package.releases.iter_mut();
            for edge in edges.flat_map(|release| &mut release.edges) {
                edge.target += first;
            }
            problem.requests.push(vec![Edge {
                target: first + at,
                text: "*".to_owned(),
                admitted: span(0..u32::try_from(package.releases.len()).unwrap()),
            }]);
            problem.packages.push(package);
        }
    }
    problem
}

/// Metadata as a problem; needs of packages that are not there are left out, for everyone. Each request asks for any version of these names.
fn problem(
    packages: &BTreeMap<String, Releases>,
    tags: &BTreeMap<String, BTreeMap<String, String>>,
    requests: &[Vec<String>],
) -> Problem {
    let numbers: BTreeMap<&str, usize> = packages.keys().map(String::as_str).zip(0..).collect();
    let sorted: Vec<Vec<(Version, &Metadata)>> = packages
        .values()
        .map(|releases| {
            let mut releases: Vec<_> = releases
                .iter()
                .filter_map(|(version, metadata)| Some((parse_version(version).ok()?, metadata)))
                .collect();
            releases.sort_by(|one, other| one.0.cmp(&other.0));
            releases
        })
        .collect();
    let tags: Vec<Vec<(String, u32)>> = packages
        .keys()
        .zip(&sorted)
        .map(|(name, releases)| {
            let tags = tags.get(name).into_iter().flatten();
            let known = tags.filter_map(|(tag, version)| {
                let at = releases
                    .iter()
                    .position(|(v, _)| v.to_string() == *version)?;
                Some((tag.clone(), u32::try_from(at).unwrap()))
            });
            known.collect()
        })
        .collect();
    let edge = |name: &str, text: &str| {
        let target = *numbers.get(name)?;
        Some(Edge {
            target,
            text: text.to_owned(),
            admitted: admitted(text, &sorted[target], &tags[target]),
        })
    };
    let release = |(version, metadata): &(Version, &Metadata)| Release {
        version: version.to_string(),
        edges: metadata
            .required()
            .filter_map(|(name, text)| edge(name, text))
            .collect(),
    };
    let made = packages.keys().zip(&sorted).zip(&tags);
    Problem {
        packages: made
            .map(|((name, releases), tags)| Package {
                name: name.clone(),
                releases: releases.iter().map(release).collect(),
                tags: tags.clone(),
            })
            .collect(),
        requests: requests
            .iter()
            .map(|names| names.iter().filter_map(|name| edge(name, "*")).collect())
            .collect(),
    }
}

impl Metadata {
    fn required(&self) -> impl Iterator<Item = (&String, &String)> {
        let is_optional = |name: &String| {
            let metadata = self.peer_dependencies_meta.get(name);
            metadata.is_some_and(|metadata| metadata.optional)
        };
        let peers = self.peer_dependencies.iter();
        let peers = peers.filter(move |(name, _)| !is_optional(name));
        self.dependencies.iter().chain(peers)
    }
}

/// What a range or a tag admits; nothing where it is neither.
fn admitted(text: &str, releases: &[(Version, &Metadata)], tags: &[(String, u32)]) -> Spans {
    if let Some((_, release)) = tags.iter().find(|(tag, _)| tag == text) {
        return span(*release..release + 1);
    }
    let Ok(range) = Range::parse(text, Prereleases::WhereNamed) else {
        return Vec::new();
    };
    let mut spans = Spans::new();
    for ((version, _), at) in releases.iter().zip(0..) {
        match spans.last_mut() {
            _ if !range.satisfies(version) => {}
            Some(span) if span.end == at => span.end += 1,
            _ => spans.push(at..at + 1),
        }
    }
    spans
}
