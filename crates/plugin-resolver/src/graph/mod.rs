//! Which selected package needs which: order, cycles, dependents.

mod components;
mod dependency;
mod ready;
mod rows;

pub use self::dependency::{Cycle, DependencyGraph, EdgeStrength};
