//! Alternatives in words.

use std::fmt;

use super::alternative::{Alternative, Change};
use super::text::{Between, Line};
use super::words::some;
use crate::PackageName;

impl Alternative {
    /// The alternative in words: what to do, and what then works.
    #[must_use]
    pub fn line(&self) -> Line {
        let mut parts: Vec<Line> = Vec::new();
        // Changes of one kind stand together.
        for changes in self.changes.chunk_by(|one, next| one.does() == next.does()) {
            let does = changes.first().map_or("", Change::does);
            let told = changes.iter().map(Change::object).collect();
            let line = Line::default().help(does).and(some(told, Between::And));
            parts.push(line.plain(changes.first().map_or("", Change::from)));
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

impl fmt::Display for Alternative {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.line().fmt(f)
    }
}

impl Change {
    /// What is done.
    fn does(&self) -> &'static str {
        match self {
            Self::AskFor { .. } => "ask for ",
            Self::Provide { .. } => "let the host provide ",
            Self::AllowPrereleases => "allow prereleases",
            Self::Exempt { .. } => "exempt ",
            Self::Wait { .. } => "wait ",
            Self::LeaveOut { .. } => "leave out ",
        }
    }

    /// From what.
    fn from(&self) -> &'static str {
        match self {
            Self::Exempt { .. } => " from the cooldown",
            _ => "",
        }
    }

    /// Whether it says which version of a package there will be.
    fn sets(&self, name: &PackageName) -> bool {
        match self {
            Self::AskFor { request, .. } => match request.alias() {
                Some(meant) => meant == *name,
                None => request.name == *name,
            },
            Self::Provide { package, .. } => package == name,
            Self::AllowPrereleases
            | Self::Exempt { .. }
            | Self::Wait { .. }
            | Self::LeaveOut { .. } => false,
        }
    }

    /// To what it is done.
    fn object(&self) -> Line {
        let line = Line::default();
        match self {
            Self::AskFor { request, version } => {
                let line = line.name(&request.name).plain(" ");
                let line = match request.alias() {
                    Some(meant) => line.range(&format!("npm:{meant}@")),
                    None => line,
                };
                line.version(version)
                    .plain(" instead of ")
                    .range(&request.spec)
            }
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
            Self::Exempt { package } => line.name(package),
            Self::Wait { days, until } => {
                let days = match days {
                    1 => "1 day".to_owned(),
                    days => format!("{days} days"),
                };
                let date = until.date_naive();
                line.plain(&format!(
                    "{days}, until what was published on {date} is old enough"
                ))
            }
            Self::LeaveOut { request } => request.line(),
        }
    }
}
