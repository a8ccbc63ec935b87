//! Which selected package needs which: order, cycles, dependents, and why each is there.

mod components;
mod dependency;
pub(crate) mod drawing;
mod export;
mod packages;
mod ready;
mod rows;
mod why;

pub use self::dependency::{Cycle, DependencyGraph, EdgeStrength};
pub use self::packages::PackageGraph;
pub use self::why::{Dependent, Way, Why};
