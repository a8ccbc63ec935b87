//! Why there is no answer, as data.

use std::collections::{BTreeMap, BTreeSet};

use semver::Version;
use serde::Serialize;

use super::advise::advise;
use super::alternative::Alternative;
use super::demand::Demand;
use super::ways::Ways;
use crate::spec::Spec;
use crate::universe::{DependencyKind, Problem};
use crate::{Failure, Interrupt, PackageName, Request, Universe};

/// A conflict: which requests clash, through which requirements, and what would help.
///
/// [`resolve`](crate::resolve) gives the conflict itself; [`Self::advised`] adds what takes further searches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    pub(super) requests: Vec<ClashingRequest>,
    pub(super) is_minimal: bool,
    pub(super) requirements: Vec<Requirement>,
    pub(super) removals: Vec<ClashingRequest>,
    /// How much was asked for in all.
    pub(super) of: usize,
    pub(super) advice: Option<Advice>,
}

/// What takes further searches to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Advice {
    pub(super) alternatives: Vec<Alternative>,
    pub(super) others: Vec<Explanation>,
    pub(super) overlapping: Vec<Explanation>,
}

/// A root request that takes part in a conflict.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[non_exhaustive]
pub struct ClashingRequest {
    /// The package as it was asked for.
    pub name: PackageName,
    /// What was asked of it, as it was written.
    pub spec: String,
}

/// Something that some party asks of a package, and that takes part in a conflict. As JSON an object with these fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
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
}

/// Who asks. As JSON `"request"`, `"host"`, or an object with the fields of a package.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Requirer {
    /// The request itself.
    Request,
    /// The host, by providing a package in one version.
    Host,
    /// These versions of a package.
    #[serde(untagged)]
    Package {
        /// Its name.
        name: PackageName,
        /// The versions that ask for this, ascending.
        versions: Vec<Version>,
    },
}

impl Explanation {
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

    /// The requests each of which, left out alone, leaves a request that can be met. None if other conflicts stand beside this one.
    #[must_use]
    pub fn removals(&self) -> &[ClashingRequest] {
        &self.removals
    }

    /// The explanation of a conflict of this request in this universe with all that takes further searches: the [conflicts beside
    /// it](Self::others) and the [alternatives](Self::alternatives). As deterministic as [`resolve`](crate::resolve), within as many
    /// steps as the request allows for an answer.
    ///
    /// A call of its own because it takes longer than the verdict: each alternative is resolved before it is offered. A host
    /// that only tries whether something fits need not wait for it.
    #[must_use]
    pub fn advised(mut self, universe: &Universe, request: &Request) -> Self {
        self.advice = Some(advise(universe, request, None, &self));
        self
    }

    /// As [`Self::advised`], until somebody interrupts it.
    ///
    /// # Errors
    ///
    /// [`Failure::Cancelled`] if the signal came before all was said. It is looked at before each question and in every step of its search.
    pub fn advised_until(
        mut self,
        universe: &Universe,
        request: &Request,
        interrupt: &Interrupt,
    ) -> Result<Self, Failure> {
        self.advice = Some(advise(universe, request, Some(interrupt), &self));
        if interrupt.is_interrupted() {
            return Err(Failure::Cancelled);
        }
        Ok(self)
    }

    /// What could be asked for instead, the cheapest first. Empty before [`Self::advised`].
    #[must_use]
    pub fn alternatives(&self) -> &[Alternative] {
        self.advice
            .as_ref()
            .map_or(&[], |advice| &advice.alternatives)
    }

    /// Further conflicts: each among requests that take part in none before it, so each must be solved beside this one. Empty before
    /// [`Self::advised`]; after it, all of them unless the budget ended first. They have no advice of their own.
    #[must_use]
    pub fn others(&self) -> &[Self] {
        self.advice.as_ref().map_or(&[], |advice| &advice.others)
    }

    /// Further conflicts that share requests with this one: what stands in the way of what is left when one of its requests is left
    /// out, for the first few. Empty before [`Self::advised`], and where a single removal helps.
    #[must_use]
    pub fn overlapping(&self) -> &[Self] {
        self.advice
            .as_ref()
            .map_or(&[], |advice| &advice.overlapping)
    }

    /// The packages on which requirements disagree: asked for by several, with no version that suits all, by name.
    #[must_use]
    pub fn disputed(&self) -> Vec<&PackageName> {
        // Versions of one dependent are its own choice: together they admit what any of them admits.
        let mut parties: BTreeMap<(&PackageName, Party<'_>), BTreeSet<&Version>> = BTreeMap::new();
        for (at, requirement) in self.requirements.iter().enumerate() {
            if requirement.problem.is_some() {
                continue;
            }
            let party = match &requirement.by {
                Requirer::Request | Requirer::Host => Party::Asking(at),
                Requirer::Package { name, .. } => {
                    let is_import = matches!(requirement.demand, Demand::Symbols { .. });
                    Party::Needing(name, requirement.kind, is_import)
                }
            };
            let admitted = parties.entry((&requirement.package, party)).or_default();
            admitted.extend(requirement.admits.iter());
        }
        let mut common: BTreeMap<&PackageName, (usize, BTreeSet<&Version>)> = BTreeMap::new();
        for ((package, _), admitted) in parties {
            common
                .entry(package)
                .and_modify(|(parties, common)| {
                    *parties += 1;
                    common.retain(|version| admitted.contains(version));
                })
                .or_insert_with(|| (1, admitted.clone()));
        }
        common
            .into_iter()
            .filter(|(_, (parties, common))| *parties > 1 && common.is_empty())
            .map(|(name, _)| name)
            .collect()
    }

    /// The shortest way from a request to a package of the conflict, both included; empty if there is none.
    #[must_use]
    pub fn way_to(&self, package: &PackageName) -> Vec<&PackageName> {
        Ways::new(self).to(package)
    }
}

impl Requirer {
    /// The package that asks, if one does.
    pub(crate) fn package(&self) -> Option<&PackageName> {
        match self {
            Self::Package { name, .. } => Some(name),
            Self::Request | Self::Host => None,
        }
    }
}

/// Who must get what they ask for, however they come by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Party<'a> {
    /// A request or the host, by the place of its requirement.
    Asking(usize),
    /// A dependent: how it needs, and whether that is an import. What one release asks in several ways it asks together.
    Needing(&'a PackageName, DependencyKind, bool),
}

impl ClashingRequest {
    pub(super) fn new(name: &PackageName, spec: &Spec) -> Self {
        Self {
            name: name.clone(),
            spec: spec.to_string(),
        }
    }

    /// The package that is meant, if it was asked for under another name.
    pub(super) fn alias(&self) -> Option<PackageName> {
        match Spec::parse(&self.spec) {
            Ok(Spec::Alias { name, .. }) => Some(name),
            _ => None,
        }
    }

    /// Whether this is that request.
    pub(super) fn is(&self, name: &PackageName, spec: &Spec) -> bool {
        self.name == *name && self.spec == spec.to_string()
    }
}
