//! What somebody asks of a package.

use semver::Version;

use super::explanation::span;
use crate::PackageName;
use crate::error::quoted;

/// What is asked of a package.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
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
    /// The package with what is asked of it. `admits` are the versions that meet it, ascending.
    pub(super) fn phrase(&self, package: &PackageName, admits: &[Version]) -> String {
        match self {
            Self::Spec(spec) if spec.is_empty() => format!("{package} *"),
            Self::Spec(spec) => format!("{package} {}", quoted(spec)),
            Self::Symbols { entry, names } => {
                let path = entry.strip_prefix('.').unwrap_or(entry);
                let mut phrase = format!("{package}{}", quoted(path));
                if !names.is_empty() {
                    phrase = format!("{} from {phrase}", listed(names));
                }
                phrase.push_str(&exporters(admits));
                phrase
            }
        }
    }
}

/// The first few names.
fn listed(names: &[String]) -> String {
    const SHOWN: usize = 3;
    let shown: Vec<String> = names
        .iter()
        .take(SHOWN)
        .map(|name| format!("`{}`", quoted(name)))
        .collect();
    let mut text = shown.join(", ");
    if names.len() > SHOWN {
        text.push_str(&format!(" and {} more", names.len() - SHOWN));
    }
    text
}

fn exporters(admits: &[Version]) -> String {
    let verb = if admits.len() == 1 {
        "exports"
    } else {
        "export"
    };
    let kind = match admits {
        [] => return String::new(),
        [one] if !one.pre.is_empty() => "the prerelease ",
        many if many.iter().all(|version| !version.pre.is_empty()) => "the prereleases ",
        _ => "",
    };
    format!(", which only {kind}{} {verb}", span(admits))
}
