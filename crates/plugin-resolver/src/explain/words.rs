//! From an explanation to words.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use semver::Version;

use super::alternative::{Alternative, Change};
use super::demand::{Demand, span};
use super::explanation::{ClashingRequest, Explanation, Requirement, Requirer};
use super::text::{Between, Line};
use super::ways::Ways;
use crate::PackageName;

/// How much is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Detail {
    /// What fits on a screen: at most [`Explanation::MAX_LINES`] lines.
    #[default]
    Brief,
    /// Every requirement, every other conflict, every alternative: at most [`Explanation::MAX_FULL_LINES`] lines.
    Full,
}

/// How many of several are named in a sentence.
const NAMED: usize = 3;
/// How many alternatives are told in brief.
const ALTERNATIVES: usize = 4;
/// How many lines another conflict takes in full, beside its headline.
const OTHER_LINES: usize = 20;

impl Explanation {
    /// The most lines of the text in brief.
    pub const MAX_LINES: usize = 12;

    /// The most lines of the text in full.
    pub const MAX_FULL_LINES: usize = 1_000;

    /// The most bytes of the text in brief.
    pub const MAX_BYTES: usize = 4 * 1024;

    /// One line: who clashes, and about what.
    #[must_use]
    pub fn headline(&self) -> Line {
        let line = requests(&self.requests, Between::And);
        let mut line = match self.requests.len() {
            0 => return Line::default().plain("what the host provides does not fit together"),
            1 => line.plain(" cannot be installed"),
            _ => line.plain(" cannot be installed together"),
        };
        let disputed = self.disputed();
        let is_by_request = |r: &&Requirement| r.by == Requirer::Request && r.problem.is_some();
        let is_by_host = |r: &&Requirement| r.by == Requirer::Host;
        if let Some(Requirement {
            problem: Some(problem),
            ..
        }) = self.requirements.iter().find(is_by_request)
        {
            line = line.plain(&format!(": {problem}"));
        } else if let Some(provided) = self.requirements.iter().find(is_by_host) {
            line = line
                .plain(" with the ")
                .and(provided.demand.phrase(&provided.package, &[]))
                .plain(" that the host provides");
        } else if let [disputed] = disputed.as_slice() {
            let suits = match self.requests.len() {
                1 => " suits all that is asked of it".to_owned(),
                2 => " suits both".to_owned(),
                more => format!(" suits all {more}"),
            };
            line = line.plain(": no version of ").name(disputed).plain(&suits);
        }
        line
    }

    /// The explanation in words, in pieces that a terminal can colour.
    #[must_use]
    pub fn report(&self, detail: Detail) -> Vec<Line> {
        let closing = self.closing(detail);
        let most = match detail {
            Detail::Brief => Self::MAX_LINES,
            Detail::Full => Self::MAX_FULL_LINES,
        };
        let mut lines = vec![self.headline()];
        lines.extend(self.told(detail, most.saturating_sub(1 + closing.len())));
        lines.extend(closing);
        lines.truncate(most);
        lines
    }

    /// The explanation in words, in brief: at most [`Self::MAX_LINES`] lines and [`Self::MAX_BYTES`] bytes.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let report = self.report(Detail::Brief);
        report.iter().map(ToString::to_string).collect()
    }

    /// The requirements in so many lines.
    fn told(&self, detail: Detail, room: usize) -> Vec<Line> {
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

    /// What can be done, and what else is wrong.
    fn closing(&self, detail: Detail) -> Vec<Line> {
        let mut lines: Vec<Line> = Vec::new();
        match detail {
            Detail::Brief => lines.extend(self.other_conflicts()),
            Detail::Full => {
                for other in self.others() {
                    lines.extend(other.beside("independent of this, "));
                }
                for other in self.overlapping() {
                    lines.extend(other.beside("besides, "));
                }
            }
        }
        if self.advice.is_none() {
            lines.extend(self.without_advice());
            return lines;
        }
        let most = match detail {
            Detail::Brief => ALTERNATIVES,
            Detail::Full => usize::MAX,
        };
        let told = self.offered(detail).into_iter().take(most);
        if self.alternatives().is_empty() {
            lines.push(Line::default().help("nothing was found that would help"));
        } else {
            lines.push(Line::default().help("what would help:"));
        }
        lines.extend(told.map(|one| Line::default().plain("  - ").and(one.line())));
        lines
    }

    /// One of several conflicts, in full.
    fn beside(&self, words: &str) -> Vec<Line> {
        let mut lines = vec![Line::default().plain(words).and(self.headline())];
        lines.extend(self.told(Detail::Full, OTHER_LINES));
        lines
    }

    /// In brief only the nearest version of each request.
    fn offered(&self, detail: Detail) -> Vec<&Alternative> {
        let mut moved: BTreeSet<&ClashingRequest> = BTreeSet::new();
        let mut offered: Vec<&Alternative> = Vec::new();
        for one in self.alternatives() {
            let is_new = match one.changes.as_slice() {
                [Change::AskFor { request, .. }] => moved.insert(request),
                _ => true,
            };
            if is_new || detail == Detail::Full {
                offered.push(one);
            }
        }
        offered
    }

    fn without_advice(&self) -> Option<Line> {
        // Without the only request nothing is left.
        if self.of <= 1 {
            return None;
        }
        Some(if self.removals.is_empty() {
            Line::default().help("leaving out any single one of them is not enough")
        } else {
            Line::default()
                .help("it works without ")
                .and(requests(&self.removals, Between::Or))
        })
    }

    fn other_conflicts(&self) -> Vec<Line> {
        let apart = conflicts(self.others(), "independent of this");
        let overlapping = conflicts(self.overlapping(), "with requests of this one");
        apart.into_iter().chain(overlapping).collect()
    }
}

fn conflicts(conflicts: &[Explanation], which: &str) -> Option<Line> {
    let count = match conflicts.len() {
        0 => return None,
        1 => format!("and 1 more conflict, {which}: "),
        more => format!("and {more} more conflicts, {which}: "),
    };
    let told = conflicts.iter().take(NAMED).map(|other| {
        let line = requests(&other.requests, Between::And);
        match other.requests.len() {
            1 => line.plain(" by itself"),
            _ => line,
        }
    });
    let line = Line::default()
        .plain(&count)
        .joined(told, Between::Semicolon);
    Some(if conflicts.len() > NAMED {
        line.plain("; ...")
    } else {
        line
    })
}

/// The first few requests, in a sentence.
fn requests(requests: &[ClashingRequest], between: Between) -> Line {
    let told = requests.iter().map(|request| request.line());
    some(told.collect(), between)
}

/// The first few of several, in a sentence.
fn some(mut told: Vec<Line>, between: Between) -> Line {
    if told.len() > NAMED + 1 {
        let more = told.len() - NAMED;
        told.truncate(NAMED);
        told.push(Line::default().plain(&format!("{more} more")));
    }
    Line::default().joined(told, between)
}

impl ClashingRequest {
    fn line(&self) -> Line {
        Line::default()
            .name(&self.name)
            .plain(" ")
            .range(&self.spec)
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
            Requirer::Request => line.plain("you ask for ").and(first.phrase()),
            Requirer::Host => line.plain("the host provides ").and(first.phrase()),
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
                    .plain(verb(first, all.len()))
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

/// How many ranges of one dependent are told one by one.
const RANGES: usize = 2;

/// What one of several versions asks.
fn example(versions: &[&Version], requirement: &Requirement) -> Line {
    let line = match versions.last() {
        None => Line::default(),
        Some(version) => Line::default().version(version),
    };
    line.plain(" ")
        .plain(verb(requirement, 1))
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

impl Requirement {
    fn phrase(&self) -> Line {
        self.demand.phrase(&self.package, &self.admits)
    }
}

fn verb(requirement: &Requirement, dependents: usize) -> &'static str {
    let is_one = dependents <= 1;
    match (&requirement.demand, requirement.kind.is_required()) {
        (Demand::Symbols { .. }, _) if is_one => "imports",
        (Demand::Symbols { .. }, _) => "import",
        (Demand::Spec(_), true) if is_one => "needs",
        (Demand::Spec(_), true) => "need",
        (Demand::Spec(_), false) if is_one => "accepts only",
        (Demand::Spec(_), false) => "accept only",
    }
}

impl Alternative {
    /// The alternative in words: what to do, and what then works.
    #[must_use]
    pub fn line(&self) -> Line {
        let mut parts: Vec<Line> = Vec::new();
        // Changes of one kind stand together.
        for changes in self.changes.chunk_by(|one, next| one.does() == next.does()) {
            let does = changes.first().map_or("", Change::does);
            let told = changes.iter().map(Change::object).collect();
            parts.push(Line::default().help(does).and(some(told, Between::And)));
        }
        let line = Line::default().joined(parts, Between::Semicolon);
        let line = match (self.kept, self.of) {
            (_, 0 | 1) => line,
            (2, 2) => line.plain(": both work"),
            (kept, of) if kept == of => line.plain(&format!(": all {of} work")),
            (1, of) => line.plain(&format!(": 1 of {of} works")),
            (kept, of) => line.plain(&format!(": {kept} of {of} work")),
        };
        // What is asked for or provided in a version is not told again with that version.
        let is_told = |name: &PackageName| self.changes.iter().any(|change| change.sets(name));
        let settled = self
            .settled
            .iter()
            .filter(|settled| !is_told(&settled.package));
        let settled: Vec<Line> = settled
            .map(|settled| {
                Line::default()
                    .name(&settled.package)
                    .plain(" ")
                    .version(&settled.version)
            })
            .collect();
        match settled.len() {
            0 => line,
            _ => line.plain(", with ").and(some(settled, Between::And)),
        }
    }
}

impl Change {
    /// What is done.
    fn does(&self) -> &'static str {
        match self {
            Self::AskFor { .. } => "ask for ",
            Self::Provide { .. } => "let the host provide ",
            Self::AllowPrereleases => "allow prereleases",
            Self::LeaveOut { .. } => "leave out ",
        }
    }

    /// Whether it says which version of a package there will be.
    fn sets(&self, name: &PackageName) -> bool {
        match self {
            Self::AskFor { request, .. } => request.name == *name,
            Self::Provide { package, .. } => package == name,
            Self::AllowPrereleases | Self::LeaveOut { .. } => false,
        }
    }

    /// To what it is done.
    fn object(&self) -> Line {
        let line = Line::default();
        match self {
            Self::AskFor { request, version } => line
                .name(&request.name)
                .plain(" ")
                .version(version)
                .plain(" instead of ")
                .range(&request.spec),
            Self::Provide {
                package,
                instead_of,
                version,
            } => line
                .name(package)
                .plain(" ")
                .version(version)
                .plain(" instead of ")
                .version(instead_of),
            Self::AllowPrereleases => line,
            Self::LeaveOut { request } => request.line(),
        }
    }
}

impl fmt::Display for Alternative {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.line().fmt(f)
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lines().join("\n"))
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let asks = match &self.by {
            Requirer::Request => Line::default().plain("you ask for "),
            Requirer::Host => Line::default().plain("the host provides "),
            Requirer::Package { name, versions } => Line::default()
                .name(name)
                .plain(" ")
                .and(span(versions))
                .plain(" ")
                .plain(verb(self, versions.len()))
                .plain(" "),
        };
        let line = asks.and(self.phrase());
        match &self.problem {
            None => line.fmt(f),
            Some(problem) => line.plain(&format!(": {problem}")).fmt(f),
        }
    }
}
