//! Problems by name, so that another process can make the same one.

use std::fmt;
use std::str::FromStr;

use crate::problem::Problem;
use crate::synthetic::{Shape, Sizes, contradiction, registry};
use crate::{ecosystem, hard};

/// A problem that is made from its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scenario {
    /// A registry that looks like npm's, of so many packages.
    Registry(Shape, u32),
    /// The same with a contradiction far from its roots.
    Contradiction(u32),
    /// Every plugin of a registry like elizaOS's, at once.
    Everything,
    /// Packages as real plugins have them below; each is a request.
    Closure,
    /// A problem that is hard by construction.
    Hard(Family, u32),
}

/// Families of problems that are hard by construction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// One pigeon more than there are holes.
    Pigeonhole,
    /// Random clauses of three, as many as make about half of such problems impossible.
    Clauses,
    /// Sums around a grid of which one is odd.
    Parity,
    /// Layers of versions that all lead to the same dead end.
    Chain,
}

impl Scenario {
    /// Makes the problem.
    #[must_use]
    pub fn problem(self) -> Problem {
        match self {
            Self::Registry(shape, nodes) => {
                registry(nodes, shape, Sizes::Twenty, 20_261_120 + u64::from(nodes))
            }
            Self::Contradiction(nodes) => contradiction(nodes, 20_261_120 + u64::from(nodes)),
            Self::Everything => ecosystem::everything(),
            Self::Closure => ecosystem::closure(),
            Self::Hard(Family::Pigeonhole, holes) => hard::pigeonhole(holes),
            Self::Hard(Family::Clauses, variables) => hard::clauses(variables),
            Self::Hard(Family::Parity, side) => hard::parity(side),
            Self::Hard(Family::Chain, layers) => hard::chain(layers),
        }
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Registry(shape, nodes) => write!(f, "{shape}:{nodes}"),
            Self::Contradiction(nodes) => write!(f, "contradiction:{nodes}"),
            Self::Everything => f.write_str("everything:0"),
            Self::Closure => f.write_str("closure:0"),
            Self::Hard(Family::Pigeonhole, size) => write!(f, "pigeonhole:{size}"),
            Self::Hard(Family::Clauses, size) => write!(f, "clauses:{size}"),
            Self::Hard(Family::Parity, size) => write!(f, "parity:{size}"),
            Self::Hard(Family::Chain, size) => write!(f, "chain:{size}"),
        }
    }
}

impl FromStr for Scenario {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (name, size) = text.split_once(':').ok_or(())?;
        let size = size.parse().map_err(|_| ())?;
        Ok(match name {
            "contradiction" => Self::Contradiction(size),
            "everything" => Self::Everything,
            "closure" => Self::Closure,
            "pigeonhole" => Self::Hard(Family::Pigeonhole, size),
            "clauses" => Self::Hard(Family::Clauses, size),
            "parity" => Self::Hard(Family::Parity, size),
            "chain" => Self::Hard(Family::Chain, size),
            shape => Self::Registry(shape.parse()?, size),
        })
    }
}
