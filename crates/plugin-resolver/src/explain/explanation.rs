//! Why there is no answer, as data and in words.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use semver::Version;

use super::demand::Demand;
use crate::PackageName;
use crate::error::quoted;
use crate::universe::{DependencyKind, Problem};

/// A conflict: which requests clash, through which requirements, and what would help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    pub(crate) requests: Vec<ClashingRequest>,
    pub(crate) is_minimal: bool,
    pub(crate) requirements: Vec<Requirement>,
    pub(crate) removals: Vec<PackageName>,
    /// Whether nothing else was asked for, so that leaving it out leaves nothing.
    pub(crate) is_alone: bool,
}

/// A root request that takes part in a conflict.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClashingRequest {
    /// The package as it was asked for.
    pub name: PackageName,
    /// What was asked of it, as it was written.
    pub spec: String,
}

/// Something that some party asks of a package, and that takes part in a conflict.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Requirement {
    /// Who asks.
    pub by: Requirer,
    /// Of which package.
    pub package: PackageName,
    /// What.
    pub demand: Demand,
    /// How it is needed.
    pub kind: DependencyKind,
    /// Why nothing meets it, where it fails by itself.
    pub problem: Option<Problem>,
    /// The versions of the package that do meet it, ascending.
    pub admits: Vec<Version>,
    /// The shortest way from a request to the requirer, the requirer included; empty for requests and the host.
    pub via: Vec<PackageName>,
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Requirer {
    /// The request itself.
    Request,
    /// The host, by providing a package in one version.
    Host,
    /// These versions of a package.
    Package {
        /// Its name.
        name: PackageName,
        /// The versions that ask for this, ascending.
        versions: Vec<Version>,
    },
}

impl Explanation {
    /// The most lines of the text.
    pub const MAX_LINES: usize = 12;

    /// The most bytes of the text.
    pub const MAX_BYTES: usize = 4 * 1024;

    /// The root requests that cannot be met together, in the request's order. Without any one of them the rest of them can be met, if
    /// [`Self::is_minimal`].
    #[must_use]
    pub fn requests(&self) -> &[ClashingRequest] {
        &self.requests
    }

    /// Whether every one of [`Self::requests`] is known to be necessary for the conflict. False only if the budget ended first.
    #[must_use]
    pub fn is_minimal(&self) -> bool {
        self.is_minimal
    }

    /// Every requirement that takes part in the conflict.
    #[must_use]
    pub fn requirements(&self) -> &[Requirement] {
        &self.requirements
    }

    /// The requested packages each of which, removed alone, leaves a request that can be met.
    #[must_use]
    pub fn removals(&self) -> &[PackageName] {
        &self.removals
    }

    /// The packages on which requirements disagree: asked for by several, with no version that suits all, by name.
    #[must_use]
    pub fn disputed(&self) -> Vec<&PackageName> {
        let mut asked: BTreeMap<&PackageName, (usize, BTreeSet<&Version>)> = BTreeMap::new();
        for requirement in self.requirements.iter().filter(|r| r.problem.is_none()) {
            let admits = requirement.admits.iter().collect();
            asked
                .entry(&requirement.package)
                .and_modify(|(count, common)| {
                    *count += 1;
                    *common = common.intersection(&admits).copied().collect();
                })
                .or_insert((1, admits));
        }
        asked
            .into_iter()
            .filter(|(_, (count, common))| *count > 1 && common.is_empty())
            .map(|(name, _)| name)
            .collect()
    }

    /// One line that names the requests.
    #[must_use]
    pub fn headline(&self) -> String {
        const SHOWN: usize = 4;
        let mut names: Vec<String> = self
            .requests
            .iter()
            .take(SHOWN)
            .map(|request| format!("{} {}", request.name, quoted(&request.spec)))
            .collect();
        if self.requests.len() > SHOWN {
            names.push(format!("{} more", self.requests.len() - SHOWN));
        }
        match self.requests.len() {
            0 => "what the host provides does not fit together".to_owned(),
            1 => format!("{} cannot be met", names.concat()),
            _ => format!("these cannot be met together: {}", names.join(", ")),
        }
    }

    /// The explanation in words: at most [`Self::MAX_LINES`] lines and [`Self::MAX_BYTES`] bytes.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![self.headline()];
        let told = self.told();
        let closing = self.closing();
        let room = Self::MAX_LINES - 1 - usize::from(closing.is_some());
        let shown = if told.len() > room {
            room - 1
        } else {
            told.len()
        };
        lines.extend(
            told.iter()
                .take(shown)
                .map(|requirement| format!("  {requirement}")),
        );
        if told.len() > shown {
            let more = told.len() - shown;
            lines.push(format!("  and {more} more requirements between them"));
        }
        lines.extend(closing);
        // Names have at most 214 bytes and texts are cut, but a line has several of them.
        let most = Self::MAX_BYTES / Self::MAX_LINES - 1;
        for line in &mut lines {
            if line.len() > most {
                let mut cut = most - '…'.len_utf8();
                while !line.is_char_boundary(cut) {
                    cut -= 1;
                }
                line.truncate(cut);
                line.push('…');
            }
        }
        lines
    }

    /// What the lines tell: first what fails by itself, then what is disputed, then the ways there. Requirements that differ only in the
    /// dependent's version or in how strongly it needs are told as one.
    fn told(&self) -> Vec<Requirement> {
        let disputed: BTreeSet<&PackageName> = self.disputed().into_iter().collect();
        let mut told: Vec<Requirement> = Vec::new();
        let mut places: BTreeMap<(&PackageName, &PackageName, &Demand), usize> = BTreeMap::new();
        for requirement in &self.requirements {
            let is_disputed = disputed.contains(&requirement.package);
            match &requirement.by {
                // What was asked for is said in the headline, unless it is what fails.
                Requirer::Request if requirement.problem.is_none() && !is_disputed => {}
                Requirer::Request | Requirer::Host => told.push(requirement.clone()),
                Requirer::Package { name, versions } => {
                    let place = *places
                        .entry((name, &requirement.package, &requirement.demand))
                        .or_insert(told.len());
                    match told.get_mut(place).map(|earlier| &mut earlier.by) {
                        Some(Requirer::Package { versions: all, .. }) => {
                            all.extend(versions.iter().cloned());
                            all.sort_unstable();
                            all.dedup();
                        }
                        _ => told.push(requirement.clone()),
                    }
                }
            }
        }
        told.sort_by_key(|r| (r.problem.is_none(), !disputed.contains(&r.package)));
        told
    }

    fn closing(&self) -> Option<String> {
        if self.is_alone {
            return None;
        }
        const SHOWN: usize = 4;
        let names: Vec<&str> = self
            .removals
            .iter()
            .take(SHOWN)
            .map(PackageName::as_str)
            .collect();
        let mut names = names.join(" or ");
        if self.removals.len() > SHOWN {
            names.push_str(" or another of them");
        }
        Some(if self.removals.is_empty() {
            "leaving out any single one of them is not enough".to_owned()
        } else {
            format!("it works without {names}")
        })
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lines().join("\n"))
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.by {
            Requirer::Request => f.write_str("you ask for ")?,
            Requirer::Host => f.write_str("the host provides ")?,
            Requirer::Package { name, versions } => {
                let verb = verb(self, versions.len());
                write!(f, "{name} {} {verb} ", span(versions))?;
            }
        }
        let phrase = self.demand.phrase(&self.package, &self.admits);
        f.write_str(&phrase)?;
        match &self.problem {
            None => Ok(()),
            Some(problem) => write!(f, ": {problem}"),
        }
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

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PackageMissing => f.write_str("nothing is known of such a package"),
            Self::PackageEmpty => f.write_str("the package has no version at all"),
            Self::NoVersionMatches { newest } => {
                write!(f, "no version is in that range, the newest is {newest}")
            }
            Self::OnlyPrereleasesMatch { newest } => {
                write!(
                    f,
                    "only prereleases are in that range, to be asked for by name: {newest}"
                )
            }
            Self::HostVersionUnknown => f.write_str("nothing is known of that version"),
            Self::TagUnknown { tag } => write!(f, "it has no tag `{}`", quoted(tag)),
            Self::WorkspacePublished => f.write_str(
                "published by mistake, this means something only in its publisher's repository",
            ),
            Self::Unresolvable { kind } => {
                write!(
                    f,
                    "that is {}, not a version of the registry",
                    kind.describe()
                )
            }
            Self::NeedsOtherSelf => f.write_str("it asks for another version of itself"),
            Self::NeverExported => f.write_str("no version exports that"),
        }
    }
}

/// Versions in a few words.
pub(super) fn span(versions: &[Version]) -> String {
    match versions {
        [] => String::new(),
        [one] => one.to_string(),
        [first, second] => format!("{first} and {second}"),
        [first, .., last] => format!("{first} to {last} ({} versions)", versions.len()),
    }
}
