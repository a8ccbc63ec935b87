//! A grouping for people and for machines.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use semver::Version;
use serde::Serialize;

use super::grouping::{Boundary, Group, Grouping};
use crate::explain::Between;
use crate::{Demand, Detail, Explanation, Line, PackageName, Requirement, Requirer, Spec};

/// How much of each is shown. Together with the headings these keep to [`Grouping::MAX_LINES`].
const GROUPS: usize = 20;
const BOUNDARIES: usize = 18;
const LEFT_OUT: usize = 5;
const LINES_OF_LEFT_OUT: usize = 6;
const ROOTS: usize = 6;
const SHARED: usize = 3;
const REQUIREMENTS: usize = 4;

impl fmt::Display for Grouping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lines().join("\n"))
    }
}

impl fmt::Display for Boundary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        apart(self, Line::within(Grouping::MAX_BYTES)).fmt(f)
    }
}

pub(super) fn report(grouping: &Grouping) -> Vec<Line> {
    let mut lines = vec![line().plain(&headline(grouping))];
    let disputed: BTreeSet<&PackageName> = grouping
        .boundaries
        .iter()
        .flat_map(|boundary| boundary.explanation.disputed())
        .collect();
    let groups = grouping.groups.iter().enumerate().take(GROUPS);
    lines.extend(groups.map(|(at, group)| {
        let number = format!("  group {}: ", at + 1);
        line().plain(&number).and(members(group, &disputed))
    }));
    lines.extend(more(grouping.groups.len(), GROUPS, "  ", "groups"));
    let boundaries = grouping.boundaries.iter().take(BOUNDARIES);
    lines.extend(boundaries.map(|boundary| apart(boundary, line())));
    lines.extend(more(
        grouping.boundaries.len(),
        BOUNDARIES,
        "",
        "pairs of groups that are apart",
    ));
    for left_out in grouping.left_out.iter().take(LEFT_OUT) {
        let mut why = left_out.explanation.report(Detail::Brief).into_iter();
        let headline = why.next().unwrap_or_default();
        lines.push(line().plain("left out: ").and(headline));
        lines.extend(why.take(LINES_OF_LEFT_OUT - 1));
    }
    lines.extend(more(
        grouping.left_out.len(),
        LEFT_OUT,
        "",
        "requests left out",
    ));
    lines
}

fn line() -> Line {
    Line::within(Grouping::MAX_LINE_BYTES)
}

/// `group 2 is apart from group 1: ` and why.
fn apart(boundary: &Boundary, line: Line) -> Line {
    let (earlier, later) = (boundary.earlier + 1, boundary.later + 1);
    let apart = format!("group {later} is apart from group {earlier}: ");
    line.plain(&apart).and(sentence(boundary))
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

fn more(all: usize, shown: usize, indent: &str, what: &str) -> Option<Line> {
    let more = || line().plain(&format!("{indent}and {} more {what}", all - shown));
    (all > shown).then(more)
}

/// The requests of a group with their versions, and which of the disputed packages it has.
fn members(group: &Group, disputed: &BTreeSet<&PackageName>) -> Line {
    let roots = group
        .met()
        .map(|(name, _, version)| selected(name, version));
    let is_asked = |name: &PackageName| group.roots.iter().any(|(root, _)| root == name);
    let mut shared = disputed
        .iter()
        .filter(|name| !is_asked(name))
        .filter_map(|name| Some(selected(name, group.resolution.version(name)?)))
        .peekable();
    let members = listed(roots, ROOTS);
    if shared.peek().is_none() {
        return members;
    }
    members.plain("; with ").and(listed(shared, SHARED))
}

fn selected(name: &PackageName, version: &Version) -> Line {
    line().name(name).plain(" ").version(version)
}

fn listed(all: impl Iterator<Item = Line>, most: usize) -> Line {
    let mut all: Vec<Line> = all.collect();
    let rest = all.len().saturating_sub(most);
    all.truncate(most);
    let line = Line::within(Grouping::MAX_BYTES).joined(all, Between::Comma);
    match rest {
        0 => line,
        rest => line.plain(&format!(" and {rest} more")),
    }
}

/// What requirements clash, those of the later group first. Of each dependent what the version asks that is in a group; where the conflict
/// does not take that one, what its newest version asks.
pub(super) fn sentence(boundary: &Boundary) -> Line {
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
    let is_worth_less = |one: &Requirement, other: &Requirement| match (
        is_selected(boundary, one),
        is_selected(boundary, other),
    ) {
        (false, true) => are_of_one(one, other),
        (true, false) => false,
        _ => is_older(one, other),
    };
    let worth_most: Vec<&Requirement> = clashing
        .iter()
        .filter(|one| !clashing.iter().any(|other| is_worth_less(one, other)))
        .copied()
        .collect();
    let are_more = worth_most.len() < clashing.len();
    let (later, others): (Vec<&Requirement>, Vec<&Requirement>) =
        worth_most.into_iter().partition(is_of_later);
    let mut told: Vec<Line> = Vec::new();
    for requirement in later.into_iter().chain(others) {
        let text = told_with_its_way(explanation, requirement);
        if !told.contains(&text) {
            told.push(text);
        }
    }
    if told.is_empty() {
        return explanation.headline();
    }
    let sentence = listed(told.into_iter(), REQUIREMENTS);
    if are_more {
        return sentence.plain("; no other version that is asked for fits either");
    }
    sentence
}

/// Whether it is what a version asks that is in one of the groups.
fn is_selected(boundary: &Boundary, requirement: &Requirement) -> bool {
    let Requirer::Package { name, versions } = &requirement.by else {
        return false;
    };
    let is_it =
        |(package, version): &(PackageName, Version)| package == name && versions.contains(version);
    boundary.selected.iter().any(is_it)
}

/// Whether both are what the same dependent asks of the same package.
fn are_of_one(one: &Requirement, other: &Requirement) -> bool {
    one.by.package().is_some()
        && one.by.package() == other.by.package()
        && one.package == other.package
}

/// Whether the other is what a newer version of the same dependent asks of the same package.
fn is_older(one: &Requirement, other: &Requirement) -> bool {
    let newest = |requirement: &Requirement| match &requirement.by {
        Requirer::Package { versions, .. } => versions.last().cloned(),
        Requirer::Request | Requirer::Host => None,
    };
    are_of_one(one, other) && newest(one) < newest(other)
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
fn told_with_its_way(explanation: &Explanation, requirement: &Requirement) -> Line {
    let mut line = requirement.line();
    if let (Demand::Spec(spec), [version]) = (&requirement.demand, requirement.admits.as_slice())
        && matches!(spec.parse(), Ok(Spec::Tag(_)))
    {
        line = line.plain(", which is ").version(version);
    }
    if let (Requirer::Package { name, .. }, Some(first)) =
        (&requirement.by, root(explanation, requirement))
        && first != name
    {
        line = line
            .plain(" (")
            .name(name)
            .plain(" comes with ")
            .name(first)
            .plain(")");
    }
    line
}

/// The request that a requirement comes from.
fn root<'a>(explanation: &'a Explanation, requirement: &'a Requirement) -> Option<&'a PackageName> {
    match &requirement.by {
        Requirer::Request => Some(&requirement.package),
        Requirer::Package { name, .. } => explanation.way_to(name).first().copied(),
        Requirer::Host => None,
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
