//! Requirements in lines.

use std::collections::{BTreeMap, BTreeSet};

use semver::Version;

use super::demand::{Demand, span};
use super::explanation::{Explanation, Requirement, Requirer};
use super::text::Line;
use super::ways::Ways;
use super::words::Detail;
use crate::PackageName;

/// How many ranges of one dependent are told one by one.
const RANGES: usize = 2;

impl Explanation {
    /// The requirements in so many lines.
    pub(super) fn told(&self, detail: Detail, room: usize) -> Vec<Line> {
        let ways = Ways::new(self);
        let groups = self.groups(detail, &ways);
        let shown = if groups.len() > room {
            room.saturating_sub(1)
        } else {
            groups.len()
        };
        let mut lines: Vec<Line> = groups
            .iter()
            .take(shown)
            .map(|group| group.line(&ways))
            .collect();
        if groups.len() > shown {
            let more = groups.len() - shown;
            lines.push(
                Line::default().plain(&format!("  and {more} more requirements between them")),
            );
        }
        lines
    }

    /// First what fails by itself, then what is disputed, then the ways there.
    fn groups(&self, detail: Detail, ways: &Ways<'_>) -> Vec<Group<'_>> {
        let disputed: BTreeSet<&PackageName> = self.disputed().into_iter().collect();
        let mut groups: BTreeMap<Key<'_>, Group<'_>> = BTreeMap::new();
        for (at, requirement) in self.requirements.iter().enumerate() {
            let is_disputed = disputed.contains(&requirement.package);
            // What was asked for is said in the headline, and so is what is wrong with it, unless there is something to compare.
            let is_said = requirement.by == Requirer::Request
                && (!is_disputed || requirement.problem.is_some());
            if !is_said {
                let group = groups.entry(Key::new(at, requirement, detail));
                let group = group.or_insert_with(|| Group {
                    place: at,
                    requirements: Vec::new(),
                });
                group.requirements.push(requirement);
            }
        }
        let mut groups: Vec<Group<'_>> = groups.into_values().flat_map(Group::told_apart).collect();
        groups.sort_by_cached_key(|group| {
            let first = group.requirements.first();
            let depth = first.map(|requirement| match &requirement.by {
                Requirer::Package { name, .. } => ways.depth(name),
                Requirer::Request | Requirer::Host => 0,
            });
            (
                first.is_some_and(|r| r.problem.is_none()),
                first.is_some_and(|r| !disputed.contains(&r.package)),
                depth,
                group.place,
            )
        });
        groups
    }
}

/// Requirements that are told in one line: of one dependent on one package, failing in one way.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Key<'a> {
    Alone(usize),
    Merged(
        &'a PackageName,
        &'a PackageName,
        Option<String>,
        Option<&'a Demand>,
    ),
}

impl<'a> Key<'a> {
    fn new(at: usize, requirement: &'a Requirement, detail: Detail) -> Self {
        match &requirement.by {
            Requirer::Request | Requirer::Host => Self::Alone(at),
            Requirer::Package { name, .. } => Self::Merged(
                name,
                &requirement.package,
                requirement.problem.as_ref().map(ToString::to_string),
                match (&requirement.demand, detail) {
                    (Demand::Spec(_), Detail::Brief) => None,
                    (demand, _) => Some(demand),
                },
            ),
        }
    }
}

struct Group<'a> {
    /// Where the first of it stands in the explanation.
    place: usize,
    requirements: Vec<&'a Requirement>,
}

impl<'a> Group<'a> {
    /// One group for each range, if they are few.
    fn told_apart(self) -> Vec<Self> {
        let mut apart: BTreeMap<&Demand, Self> = BTreeMap::new();
        for requirement in &self.requirements {
            let group = apart.entry(&requirement.demand).or_insert_with(|| Self {
                place: self.place,
                requirements: Vec::new(),
            });
            group.requirements.push(requirement);
        }
        if apart.len() > RANGES {
            return vec![self];
        }
        apart.into_values().collect()
    }

    /// Each demand with the versions that make it, the newest first.
    fn demands(&self) -> Vec<(Vec<&'a Version>, &'a Requirement)> {
        let mut demands: BTreeMap<&Demand, (BTreeSet<&Version>, &Requirement)> = BTreeMap::new();
        for requirement in &self.requirements {
            let (versions, _) = demands
                .entry(&requirement.demand)
                .or_insert_with(|| (BTreeSet::new(), requirement));
            if let Requirer::Package {
                versions: these, ..
            } = &requirement.by
            {
                versions.extend(these);
            }
        }
        let mut demands: Vec<_> = demands
            .into_values()
            .map(|(versions, requirement)| (versions.into_iter().collect::<Vec<_>>(), requirement))
            .collect();
        demands.sort_by(|(a, _), (b, _)| b.last().cmp(&a.last()));
        demands
    }

    fn line(&self, ways: &Ways<'_>) -> Line {
        let line = Line::default().plain("  ");
        let demands = self.demands();
        let (Some((newest, first)), Some((oldest, last))) = (demands.first(), demands.last())
        else {
            return line;
        };
        let line = match &first.by {
            Requirer::Request | Requirer::Host => line
                .and(first.by.asks(&first.demand, first.kind))
                .and(first.phrase()),
            Requirer::Package { name, .. } => {
                let mut all: Vec<Version> = demands
                    .iter()
                    .flat_map(|(versions, _)| versions.iter().map(|version| (*version).clone()))
                    .collect();
                all.sort_unstable();
                all.dedup();
                let line = line
                    .name(name)
                    .plain(" ")
                    .and(span(&all))
                    .and(needed_by(&ways.to(name)))
                    .plain(" ")
                    .plain(first.demand.verb(first.kind, all.len()))
                    .plain(" ");
                match demands.len() {
                    1 => line.and(first.phrase()),
                    count => line
                        .name(&first.package)
                        .plain(&format!(" in {count} different ranges: "))
                        .and(example(newest, first))
                        .plain(", ..., ")
                        .and(example(oldest, last)),
                }
            }
        };
        match &first.problem {
            None => line,
            Some(problem) => line.plain(&format!(": {problem}")),
        }
    }
}

/// What one of several versions asks.
fn example(versions: &[&Version], requirement: &Requirement) -> Line {
    let line = match versions.last() {
        None => Line::default(),
        Some(version) => Line::default().version(version),
    };
    line.plain(" ")
        .plain(requirement.demand.verb(requirement.kind, 1))
        .plain(" ")
        .and(requirement.demand.term())
}

/// Through whom a package that nobody asked for came in.
fn needed_by(way: &[&PackageName]) -> Line {
    let (first, between) = match way {
        [] | [_] => return Line::default(),
        [first, between @ .., _] => (first, between),
    };
    let line = Line::default().plain(", needed by ").name(first);
    let line = match between {
        [] => line,
        [one] => line.plain(" through ").name(one),
        more => line.plain(&format!(" through {} others", more.len())),
    };
    line.plain(",")
}
