//! How a request can fail.

use crate::{Drift, Explanation, Interrupt, Request, Universe};

/// There is no answer, or none was found in time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// No selection meets everything that is required. The explanation says why and what would help.
    #[error("{}", .0.headline())]
    Conflict(Box<Explanation>),
    /// The budget was spent before an answer was found. This says nothing about whether there is one.
    #[error("no answer was found within {steps} steps")]
    Budget {
        /// How many steps were allowed.
        steps: u64,
    },
    /// A frozen lock is no answer, or what a preferred lock keeps has other bytes.
    #[error("the lock does not hold: {}{}", .0.first(), .0.more())]
    Drift(Box<Drift>),
    /// The caller's signal came before there was an answer.
    #[error("cancelled before there was an answer")]
    Cancelled,
}

impl Failure {
    /// Every tag, with what to do about it.
    pub const TAGS: &[(&str, &str)] = &[
        (
            "ResolutionConflict",
            "read the explanation; remove or loosen one of the requests it names",
        ),
        (
            "ResolutionBudgetSpent",
            "allow more steps, or ask for less at once",
        ),
        (
            "LockDrifted",
            "read what drifted; only where the change is wanted, unlock those packages or lock again",
        ),
        ("ResolutionCancelled", "ask again"),
    ];

    /// The failure of a request in a universe with all that takes further searches: see [`Explanation::advised`].
    #[must_use]
    pub fn advised(self, universe: &Universe, request: &Request) -> Self {
        match self {
            Self::Conflict(explanation) => {
                Self::Conflict(Box::new(explanation.advised(universe, request)))
            }
            Self::Budget { .. } | Self::Drift(_) | Self::Cancelled => self,
        }
    }

    /// As [`Self::advised`], until somebody interrupts it: then [`Failure::Cancelled`].
    #[must_use]
    pub fn advised_until(
        self,
        universe: &Universe,
        request: &Request,
        interrupt: &Interrupt,
    ) -> Self {
        match self {
            Self::Conflict(explanation) => {
                match explanation.advised_until(universe, request, interrupt) {
                    Ok(explanation) => Self::Conflict(Box::new(explanation)),
                    Err(cancelled) => cancelled,
                }
            }
            Self::Budget { .. } | Self::Drift(_) | Self::Cancelled => self,
        }
    }

    /// The stable machine name of this failure.
    #[must_use]
    pub fn tag(&self) -> &'static str {
        match self {
            Self::Conflict(_) => "ResolutionConflict",
            Self::Budget { .. } => "ResolutionBudgetSpent",
            Self::Drift(_) => "LockDrifted",
            Self::Cancelled => "ResolutionCancelled",
        }
    }
}
