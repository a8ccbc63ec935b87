//! Who is measured. Each gets the problem in its own form beforehand; what is timed is solving, and saying why not.

mod npm;
mod ours;
mod pubgrub;
mod resolvo;

use std::fmt;
use std::str::FromStr;

pub use self::npm::{NpmTree, npm_tree};
pub use self::ours::{Ours, request, universe};
pub use self::pubgrub::Pubgrub;
pub use self::resolvo::Resolvo;
use crate::problem::{Answer, Problem};

/// A solver with a problem made ready.
pub trait Contestant: fmt::Debug {
    /// Solves one of the problem's requests, and explains itself in words if there is no answer. The result is dropped.
    fn run(&self, request: usize) -> End;

    /// The answer to a request, in the problem's numbers.
    fn answer(&self, request: usize) -> Option<Answer>;
}

/// How a search ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// With an answer.
    Solved,
    /// With the proof that there is none, in words.
    Impossible,
    /// Without knowing, because what was allowed is spent.
    BudgetSpent,
}

/// Which solver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Peer {
    /// The project's.
    Ours,
    /// The project's, without its greedy first look.
    OursComplete,
    /// pubgrub with its own ranges, its own provider and the order that this has.
    Pubgrub,
    /// resolvo with version sets of the same ranges, newest first.
    Resolvo,
}

impl Peer {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Ours, Self::OursComplete, Self::Pubgrub, Self::Resolvo];

    /// Makes a problem ready.
    #[must_use]
    pub fn prepare(self, problem: &Problem) -> Box<dyn Contestant> {
        match self {
            Self::Ours => Box::new(Ours::new(problem)),
            Self::OursComplete => Box::new(Ours::new(problem).complete()),
            Self::Pubgrub => Box::new(Pubgrub::new(problem)),
            Self::Resolvo => Box::new(Resolvo::new(problem)),
        }
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ours => "ours",
            Self::OursComplete => "ours-complete",
            Self::Pubgrub => "pubgrub",
            Self::Resolvo => "resolvo",
        })
    }
}

impl FromStr for Peer {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL
            .into_iter()
            .find(|peer| peer.to_string() == text)
            .ok_or(())
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Solved => "solved",
            Self::Impossible => "impossible",
            Self::BudgetSpent => "budget",
        })
    }
}

impl FromStr for End {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::Solved, Self::Impossible, Self::BudgetSpent]
            .into_iter()
            .find(|end| end.to_string() == text)
            .ok_or(())
    }
}
