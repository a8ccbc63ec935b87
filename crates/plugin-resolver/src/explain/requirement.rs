//! A requirement in words.

use std::fmt;

use super::demand::{Demand, span};
use super::explanation::{Requirement, Requirer};
use super::text::Line;
use crate::DependencyKind;

impl Requirer {
    /// The beginning of a sentence that goes on with what is asked.
    pub(crate) fn asks(&self, demand: &Demand, kind: DependencyKind) -> Line {
        let line = Line::default();
        match self {
            Self::Request => line.plain("you ask for "),
            Self::Host => line.plain("the host provides "),
            Self::Package { name, versions } => line
                .name(name)
                .plain(" ")
                .and(span(versions))
                .plain(" ")
                .plain(demand.verb(kind, versions.len()))
                .plain(" "),
        }
    }
}

impl Demand {
    pub(super) fn verb(&self, kind: DependencyKind, dependents: usize) -> &'static str {
        let is_one = dependents <= 1;
        match (self, kind.is_required()) {
            (Self::Symbols { .. }, _) if is_one => "imports",
            (Self::Symbols { .. }, _) => "import",
            (Self::Spec(_), true) if is_one => "needs",
            (Self::Spec(_), true) => "need",
            (Self::Spec(_), false) if is_one => "accepts only",
            (Self::Spec(_), false) => "accept only",
        }
    }
}

impl Requirement {
    pub(super) fn phrase(&self) -> Line {
        self.demand.phrase(&self.package, &self.admits)
    }

    /// Who asks what of which package.
    pub(crate) fn line(&self) -> Line {
        let line = self.by.asks(&self.demand, self.kind).and(self.phrase());
        match &self.problem {
            None => line,
            Some(problem) => line.plain(&format!(": {problem}")),
        }
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.line().fmt(f)
    }
}
