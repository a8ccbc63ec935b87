#![doc = include_str!("../README.md")]

mod answer;
mod drift;
mod error;
mod explain;
mod failure;
mod graph;
mod groups;
mod interrupt;
mod lock;
pub mod machine;
mod name;
mod range;
mod request;
mod solve;
mod spec;
mod universe;
mod version;

pub use answer::{
    Duplicate, HeldVersion, Holder, OutdatedPackage, PackageCycle, Path, Resolution, Selected,
    SelectedNeed, Tree, TreeEnd, TreeLine, duplicates,
};
pub use drift::{Drift, Drifted};
pub use error::ResolverError;
pub use explain::{
    Alternative, Change, ClashingRequest, Cost, Demand, Detail, Explanation, Line, Piece,
    Requirement, Requirer, Settled, Style,
};
pub use failure::Failure;
pub use graph::{Cycle, DependencyGraph, Dependent, EdgeStrength, PackageGraph, Way, Why};
pub use groups::{Boundary, Group, Grouping, LeftOut, resolve_groups};
pub use interrupt::Interrupt;
pub use lock::{
    Compatibility, Direction, ForeignLock, Lock, LockDiff, LockedNeed, LockedPackage,
    LockedRequest, LockedRoot, PackageChange, RequestChange,
};
pub use name::PackageName;
pub use range::{Prereleases, Range};
pub use request::{Budget, Cooldown, Policy, Request, Search, Undated, Unlock};
pub use solve::{resolve, resolve_until};
pub use spec::{Spec, UnresolvableKind};
pub use universe::{
    DependencyKind, Exports, Problem, ReleaseFacts, Universe, UniverseBuilder, Unlisted,
};
pub use version::{compare_versions, parse_version};
