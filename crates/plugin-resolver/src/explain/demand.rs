//! What somebody asks of a package.

use semver::Version;
use serde::Serialize;

use super::text::{Between, Line};
use crate::PackageName;
use crate::spec::Spec;
use crate::universe::{Demanded, Need, Universe};
use crate::version::is_js_space;

/// What is asked of a package. As JSON `{"spec": "^1.0.0"}` or `{"symbols": {"entry": ".", "names": ["x"]}}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Demand {
    /// A version: the range, tag or other specifier as it was written.
    Spec(String),
    /// That it has an entry and exports names from it.
    Symbols {
        /// The entry as in `exports` of a `package.json`: `.` or `./v1`.
        entry: String,
        /// The names, ascending; none if the entry itself is what is asked for.
        names: Vec<String>,
    },
}

impl Demand {
    pub(crate) fn of(universe: &Universe, need: Need) -> Option<Self> {
        Some(match need.demanded {
            Demanded::Spec(..) => Self::Spec(universe.need_spec(need)?.1.to_string()),
            Demanded::Symbols(index) => {
                let symbols = universe.symbols(index)?;
                Self::Symbols {
                    entry: symbols.entry.to_string(),
                    names: symbols.names.iter().map(ToString::to_string).collect(),
                }
            }
        })
    }

    /// The package with what is asked of it. `admits` are the versions that meet it, ascending.
    pub(crate) fn phrase(&self, package: &PackageName, admits: &[Version]) -> Line {
        match self {
            // An alias names the package itself.
            Self::Spec(spec) if matches!(Spec::parse(spec), Ok(Spec::Alias { .. })) => self.term(),
            Self::Spec(_) => Line::default().name(package).plain(" ").and(self.term()),
            Self::Symbols { entry, names } => {
                let path = entry.strip_prefix('.').unwrap_or(entry);
                let from = if names.is_empty() { "" } else { " from " };
                self.term()
                    .plain(from)
                    .name(package)
                    .range(path)
                    .and(exporters(admits))
            }
        }
    }

    /// What is asked, without the package.
    pub(super) fn term(&self) -> Line {
        const SHOWN: usize = 3;
        match self {
            Self::Spec(spec) if spec.trim_matches(is_js_space).is_empty() => {
                Line::default().range("*")
            }
            Self::Spec(spec) => Line::default().range(spec),
            Self::Symbols { names, .. } => {
                let shown = names.iter().take(SHOWN);
                let shown = shown.map(|name| Line::default().plain("`").range(name).plain("`"));
                let line = Line::default().joined(shown, Between::Comma);
                match names.len().checked_sub(SHOWN) {
                    None | Some(0) => line,
                    Some(more) => line.plain(&format!(" and {more} more")),
                }
            }
        }
    }
}

fn exporters(admits: &[Version]) -> Line {
    let verb = if admits.len() == 1 {
        " exports"
    } else {
        " export"
    };
    let kind = match admits {
        [] => return Line::default(),
        [one] if !one.pre.is_empty() => "the prerelease ",
        many if many.iter().all(|version| !version.pre.is_empty()) => "the prereleases ",
        _ => "",
    };
    Line::default()
        .plain(", which only ")
        .plain(kind)
        .and(span(admits))
        .plain(verb)
}

/// Versions in a few words.
pub(super) fn span(versions: &[Version]) -> Line {
    let line = Line::default();
    match versions {
        [] => line,
        [one] => line.version(one),
        [first, second] => line.version(first).plain(" and ").version(second),
        [first, .., last] => line
            .version(first)
            .plain(" to ")
            .version(last)
            .plain(&format!(" ({} versions)", versions.len())),
    }
}
