//! A grouping for people and for machines.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use semver::Version;
use serde::Serialize;

use super::grouping::{Boundary, Group, Grouping};
use crate::{Demand, Explanation, PackageName, Requirement, Requirer, Spec};

/// How much of each is shown. Together with the headings these keep to [`Grouping::MAX_LINES`].
const GROUPS: usize = 20;
const BOUNDARIES: usize = 24;
const LEFT_OUT: usize = 5;
const LINES_OF_LEFT_OUT: usize = 4;
const ROOTS: usize = 6;
const SHARED: usize = 3;
const REQUIREMENTS: usize = 4;

impl fmt::Display for Grouping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&lines(self).join("\n"))
    }
}

impl fmt::Display for Boundary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (earlier, later) = (self.earlier + 1, self.later + 1);
        write!(
            f,
            "group {later} is apart from group {earlier}: {}",
            self.sentence()
        )
    }
}

pub(super) fn lines(grouping: &Grouping) -> Vec<String> {
    let mut lines = vec![headline(grouping)];
    let disputed: BTreeSet<&PackageName> = grouping
        .boundaries
        .iter()
        .flat_map(|boundary| boundary.explanation.disputed())
        .collect();
    let groups = grouping.groups.iter().enumerate().take(GROUPS);
    lines.extend(
        groups.map(|(at, group)| format!("  group {}: {}", at + 1, members(group, &disputed))),
    );
    lines.extend(more(grouping.groups.len(), GROUPS, "  ", "groups"));
    let boundaries = grouping.boundaries.iter().take(BOUNDARIES);
    lines.extend(boundaries.map(ToString::to_string));
    lines.extend(more(
        grouping.boundaries.len(),
        BOUNDARIES,
        "",
        "pairs of groups that are apart",
    ));
    for left_out in grouping.left_out.iter().take(LEFT_OUT) {
        let why = left_out.explanation.lines();
        lines.push(format!(
            "left out: {}",
            why.first().map_or("", String::as_str)
        ));
        lines.extend(why.iter().skip(1).take(LINES_OF_LEFT_OUT - 1).cloned());
    }
    lines.extend(more(
        grouping.left_out.len(),
        LEFT_OUT,
        "",
        "requests left out",
    ));
    let most = Grouping::MAX_BYTES / Grouping::MAX_LINES - 1;
    lines.iter_mut().for_each(|line| cut(line, most));
    lines
}

fn headline(grouping: &Grouping) -> String {
    let asked: usize = grouping.groups.iter().map(|group| group.roots.len()).sum();
    let requests = match asked {
        1 => "1 request".to_owned(),
        asked => format!("{asked} requests"),
    };
    match grouping.groups.len() {
        0 if grouping.left_out.is_empty() => "nothing is asked for".to_owned(),
        0 => "nothing of this can be met".to_owned(),
        1 => format!("{requests} in one group"),
        groups if grouping.is_fewest => {
            format!("{requests} in {groups} groups, the fewest possible")
        }
        groups => {
            format!("{requests} in {groups} groups; the budget ended before fewer were ruled out")
        }
    }
}

fn more(all: usize, shown: usize, indent: &str, what: &str) -> Option<String> {
    (all > shown).then(|| format!("{indent}and {} more {what}", all - shown))
}

/// The requests of a group with their versions, and which of the disputed packages it has.
fn members(group: &Group, disputed: &BTreeSet<&PackageName>) -> String {
    let mut text = listed(
        group
            .met()
            .map(|(name, _, version)| format!("{name} {version}")),
        ROOTS,
    );
    let is_asked = |name: &PackageName| group.roots.iter().any(|(root, _)| root == name);
    let mut shared = disputed
        .iter()
        .filter(|name| !is_asked(name))
        .filter_map(|name| Some(format!("{name} {}", group.resolution.version(name)?)))
        .peekable();
    if shared.peek().is_some() {
        text.push_str("; with ");
        text.push_str(&listed(shared, SHARED));
    }
    text
}

fn listed(all: impl Iterator<Item = String>, most: usize) -> String {
    let all: Vec<String> = all.collect();
    let mut text = all
        .iter()
        .take(most)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    if all.len() > most {
        text.push_str(&format!(" and {} more", all.len() - most));
    }
    text
}

/// What requirements clash, those of the later group first. Of each dependent what its newest version asks.
pub(super) fn sentence(boundary: &Boundary) -> String {
    let explanation = &boundary.explanation;
    let is_of_later = |requirement: &&Requirement| {
        let mut of_later = boundary.of_later.iter();
        of_later.any(
            |(package, spec)| match (&requirement.by, &requirement.demand) {
                (Requirer::Request, Demand::Spec(asked)) => {
                    requirement.package == *package && asked == spec
                }
                _ => root(explanation, requirement) == Some(package),
            },
        )
    };
    let clashing = clashing(explanation);
    let newest: Vec<&Requirement> = clashing
        .iter()
        .filter(|one| !clashing.iter().any(|other| is_older(one, other)))
        .copied()
        .collect();
    let are_more = newest.len() < clashing.len();
    let (later, others): (Vec<&Requirement>, Vec<&Requirement>) =
        newest.into_iter().partition(is_of_later);
    let mut told: Vec<String> = Vec::new();
    for requirement in later.into_iter().chain(others) {
        let text = told_with_its_way(explanation, requirement);
        if !told.contains(&text) {
            told.push(text);
        }
    }
    if told.is_empty() {
        return explanation.headline().to_string();
    }
    let mut sentence = listed(told.into_iter(), REQUIREMENTS);
    if are_more {
        sentence.push_str("; no other version that is asked for fits either");
    }
    sentence
}

/// Whether the other is what a newer version of the same dependent asks of the same package.
fn is_older(one: &Requirement, other: &Requirement) -> bool {
    match (&one.by, &other.by) {
        (
            Requirer::Package { name, versions },
            Requirer::Package {
                name: same,
                versions: newer,
            },
        ) => name == same && one.package == other.package && versions.last() < newer.last(),
        _ => false,
    }
}

/// The requirements on what is disputed; where nothing is, all that are not the request's own.
fn clashing(explanation: &Explanation) -> Vec<&Requirement> {
    let disputed = explanation.disputed().first().copied();
    explanation
        .requirements()
        .iter()
        .filter(|requirement| match disputed {
            Some(disputed) => requirement.package == *disputed,
            None => requirement.by != Requirer::Request,
        })
        .collect()
}

/// `sql 1.7.2 needs core latest, which is 1.7.2 (sql comes with bootstrap)`.
fn told_with_its_way(explanation: &Explanation, requirement: &Requirement) -> String {
    let mut text = requirement.to_string();
    if let (Demand::Spec(spec), [version]) = (&requirement.demand, requirement.admits.as_slice())
        && matches!(spec.parse(), Ok(Spec::Tag(_)))
    {
        text.push_str(&format!(", which is {version}"));
    }
    if let (Requirer::Package { name, .. }, Some(first)) =
        (&requirement.by, root(explanation, requirement))
        && first != name
    {
        text.push_str(&format!(" ({name} comes with {first})"));
    }
    text
}

/// The request that a requirement comes from.
fn root<'a>(explanation: &'a Explanation, requirement: &'a Requirement) -> Option<&'a PackageName> {
    match &requirement.by {
        Requirer::Request => Some(&requirement.package),
        Requirer::Package { name, .. } => explanation.way_to(name).first().copied(),
        Requirer::Host => None,
    }
}

fn cut(line: &mut String, most: usize) {
    if line.len() > most {
        let mut end = most - '…'.len_utf8();
        while !line.is_char_boundary(end) {
            end -= 1;
        }
        line.truncate(end);
        line.push('…');
    }
}

/// See [`Grouping`].
#[derive(Serialize)]
pub(super) struct Wire<'a> {
    is_fewest: bool,
    groups: Vec<WireGroup<'a>>,
    boundaries: Vec<WireBoundary<'a>>,
    left_out: Vec<WireLeftOut<'a>>,
}

#[derive(Serialize)]
struct WireGroup<'a> {
    group: usize,
    requests: Vec<WireRequest<'a>>,
    packages: BTreeMap<&'a PackageName, &'a Version>,
}

#[derive(Serialize)]
struct WireRequest<'a> {
    name: &'a PackageName,
    spec: String,
    version: &'a Version,
}

#[derive(Serialize)]
struct WireBoundary<'a> {
    groups: (usize, usize),
    disputed: Vec<&'a PackageName>,
    sentence: String,
}

#[derive(Serialize)]
struct WireLeftOut<'a> {
    name: &'a PackageName,
    spec: String,
    why: Vec<String>,
}

impl<'a> Wire<'a> {
    pub(super) fn of(grouping: &'a Grouping) -> Self {
        let group = |(at, group): (usize, &'a Group)| WireGroup {
            group: at + 1,
            requests: group
                .met()
                .map(|(name, spec, version)| WireRequest {
                    name,
                    spec: spec.to_string(),
                    version,
                })
                .collect(),
            packages: group
                .resolution
                .packages()
                .map(|selected| (&selected.name, &selected.version))
                .collect(),
        };
        Self {
            is_fewest: grouping.is_fewest,
            groups: grouping.groups.iter().enumerate().map(group).collect(),
            boundaries: grouping
                .boundaries
                .iter()
                .map(|boundary| WireBoundary {
                    groups: (boundary.earlier + 1, boundary.later + 1),
                    disputed: boundary.explanation.disputed(),
                    sentence: boundary.sentence(),
                })
                .collect(),
            left_out: grouping
                .left_out
                .iter()
                .map(|left_out| WireLeftOut {
                    name: &left_out.name,
                    spec: left_out.spec.to_string(),
                    why: left_out.explanation.lines(),
                })
                .collect(),
        }
    }
}
