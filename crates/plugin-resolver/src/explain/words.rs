//! From an explanation to words.

use std::collections::BTreeSet;
use std::fmt;

use super::alternative::{Alternative, Change};
use super::explanation::{ClashingRequest, Explanation, Requirement, Requirer};
use super::text::{Between, Line};

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
pub(super) fn some(mut told: Vec<Line>, between: Between) -> Line {
    if told.len() > NAMED + 1 {
        let more = told.len() - NAMED;
        told.truncate(NAMED);
        told.push(Line::default().plain(&format!("{more} more")));
    }
    Line::default().joined(told, between)
}

impl ClashingRequest {
    pub(super) fn line(&self) -> Line {
        Line::default()
            .name(&self.name)
            .plain(" ")
            .range(&self.spec)
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lines().join("\n"))
    }
}
