//! Several selections that together meet what one could not.

use std::sync::Arc;

use semver::Version;
use serde::{Serialize, Serializer};

use super::words;
use crate::universe::real_name;
use crate::{
    Explanation, Failure, Interrupt, Line, Lock, PackageName, Request, Resolution, Spec, Universe,
};

/// Requests in isolation groups: within a group there is one version of each package, between groups nothing is shared.
///
/// Everything asked for is in exactly one group, or in [`Self::left_out`] with the reason.
///
/// Serialized as `{"is_fewest": bool, "groups": [{"group", "requests": [{"name", "spec", "version"}], "packages": {name: version}}],
/// "boundaries": [{"groups": [earlier, later], "disputed": [name], "sentence"}], "left_out": [{"name", "spec", "why": [line]}]}`, where
/// groups are numbered from 1 as they are in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grouping {
    pub(super) groups: Vec<Group>,
    pub(super) boundaries: Vec<Boundary>,
    pub(super) left_out: Vec<LeftOut>,
    pub(super) is_fewest: bool,
}

/// An isolation group: requests that are met together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    pub(super) roots: Arc<Vec<(PackageName, Spec)>>,
    pub(super) resolution: Resolution,
}

/// Why two groups are not one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Boundary {
    pub(super) earlier: usize,
    pub(super) later: usize,
    /// Those requests of the later group that take part: the package that is meant, and what is asked of it.
    pub(super) of_later: Vec<(PackageName, String)>,
    /// What the two groups select of the packages that the explanation names.
    pub(super) selected: Vec<(PackageName, Version)>,
    pub(super) explanation: Explanation,
}

/// A request that no group can meet, since it cannot be met by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LeftOut {
    /// The package as it was asked for.
    pub name: PackageName,
    /// What was asked of it.
    pub spec: Spec,
    /// Why that is impossible.
    pub explanation: Explanation,
}

impl Grouping {
    /// The most lines of the text.
    pub const MAX_LINES: usize = 72;

    /// The most bytes of the text.
    pub const MAX_BYTES: usize = 32 * 1024;

    pub(super) fn of_one(request: &Request, resolution: Resolution) -> Self {
        let roots = Arc::clone(&request.roots);
        let group = (!roots.is_empty()).then_some(Group { roots, resolution });
        Self {
            groups: group.into_iter().collect(),
            boundaries: Vec::new(),
            left_out: Vec::new(),
            is_fewest: true,
        }
    }

    /// The grouping of a request in a universe with what would help each request that is [left out](Self::left_out): see
    /// [`Explanation::advised`].
    #[must_use]
    pub fn advised(mut self, universe: &Universe, request: &Request) -> Self {
        for left_out in &mut self.left_out {
            let alone = left_out.alone(request);
            left_out.explanation = left_out.explanation.clone().advised(universe, &alone);
        }
        self
    }

    /// As [`Self::advised`], until somebody interrupts it.
    ///
    /// # Errors
    ///
    /// [`Failure::Cancelled`] if the signal came before all was said.
    pub fn advised_until(
        mut self,
        universe: &Universe,
        request: &Request,
        interrupt: &Interrupt,
    ) -> Result<Self, Failure> {
        for left_out in &mut self.left_out {
            let (alone, why) = (left_out.alone(request), left_out.explanation.clone());
            left_out.explanation = why.advised_until(universe, &alone, interrupt)?;
        }
        Ok(self)
    }

    /// The most bytes of a line of the text.
    pub const MAX_LINE_BYTES: usize = Self::MAX_BYTES / Self::MAX_LINES - 1;

    /// The groups, in the order of their first requests.
    pub fn groups(&self) -> impl ExactSizeIterator<Item = &Group> {
        self.groups.iter()
    }

    /// Why each two groups are not one: first the first group and each later one, then the second and each later one. Two groups are missing
    /// here only if the budget ended before it was known again why.
    pub fn boundaries(&self) -> impl ExactSizeIterator<Item = &Boundary> {
        self.boundaries.iter()
    }

    /// The requests that are in no group, in the request's order.
    pub fn left_out(&self) -> impl ExactSizeIterator<Item = &LeftOut> {
        self.left_out.iter()
    }

    /// Whether it is proved that fewer groups are impossible. Otherwise the budget ended first.
    #[must_use]
    pub fn is_fewest(&self) -> bool {
        self.is_fewest
    }

    /// One lock for each group.
    pub fn locks(&self) -> impl ExactSizeIterator<Item = Lock> + '_ {
        self.groups.iter().map(|group| group.resolution.lock())
    }

    /// The grouping in words, in pieces that a terminal can colour: at most [`Self::MAX_LINES`] lines.
    #[must_use]
    pub fn report(&self) -> Vec<Line> {
        words::report(self)
    }

    /// The grouping in words: at most [`Self::MAX_LINES`] lines and [`Self::MAX_BYTES`] bytes.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.report().iter().map(ToString::to_string).collect()
    }
}

impl LeftOut {
    fn alone(&self, request: &Request) -> Request {
        let is_it = |root: (&PackageName, &Spec)| root == (&self.name, &self.spec);
        request.only(request.roots().position(is_it).as_slice())
    }
}

impl Group {
    /// What was asked for and is met here, in the request's order.
    pub fn roots(&self) -> impl ExactSizeIterator<Item = (&PackageName, &Spec)> {
        self.roots.iter().map(|(name, spec)| (name, spec))
    }

    /// What is selected: the answer to these roots alone, under all else that the request says.
    #[must_use]
    pub fn resolution(&self) -> &Resolution {
        &self.resolution
    }

    /// Each root with the version that is selected for it.
    pub(super) fn met(&self) -> impl Iterator<Item = (&PackageName, &Spec, &Version)> {
        self.roots.iter().filter_map(|(name, spec)| {
            let version = self.resolution.version(real_name(name, spec))?;
            Some((name, spec, version))
        })
    }
}

impl Boundary {
    /// The positions of the two groups in [`Grouping::groups`], ascending.
    #[must_use]
    pub fn groups(&self) -> (usize, usize) {
        (self.earlier, self.later)
    }

    /// Why requests of the one and of the other cannot be met together.
    #[must_use]
    pub fn explanation(&self) -> &Explanation {
        &self.explanation
    }

    /// The reason in one sentence, what the later group wants first.
    #[must_use]
    pub fn sentence(&self) -> String {
        words::sentence(self).to_string()
    }
}

impl Serialize for Grouping {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        words::Wire::of(self).serialize(serializer)
    }
}
