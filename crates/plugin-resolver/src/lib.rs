#![doc = include_str!("../README.md")]

mod bits;
mod builder;
mod error;
mod explain;
mod explanation;
mod failure;
mod graph;
mod greedy;
mod instance;
mod lock;
pub mod machine;
mod name;
mod range;
mod request;
mod resolution;
mod resolve;
mod solver;
mod spec;
mod tree;
mod universe;
mod version;

pub use builder::{ReleaseFacts, UniverseBuilder};
pub use error::ResolverError;
pub use explanation::{ClashingRequest, Explanation, Requirement, Requirer};
pub use failure::Failure;
pub use graph::{Cycle, DependencyGraph, EdgeStrength};
pub use lock::{Lock, LockedPackage};
pub use name::PackageName;
pub use range::{Prereleases, Range};
pub use request::{Budget, Policy, Request, Search};
pub use resolution::{PackageCycle, Path, Resolution, Selected, SelectedNeed};
pub use resolve::resolve;
pub use spec::{Spec, UnresolvableKind};
pub use tree::{Tree, TreeEnd, TreeLine};
pub use universe::{DependencyKind, Problem, Universe};
pub use version::{compare_versions, parse_version};
