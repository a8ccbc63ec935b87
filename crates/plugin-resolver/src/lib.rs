#![doc = include_str!("../README.md")]
//!
//! # Where to find it
//!
//! | for | start at | and see |
//! |---|---|---|
//! | what there is | [`Universe`], [`UniverseBuilder`] | [`ReleaseFacts`], [`DependencyKind`], [`Exports`], [`Unlisted`] |
//! | the words in it | [`PackageName`], [`Spec`], [`Range`], [`parse_version`] | [`Prereleases`], [`UnresolvableKind`], [`compare_versions`] |
//! | what is asked | [`Request`] | [`Policy`], [`Unlock`], [`Cooldown`], [`Undated`], [`Budget`], [`Search`], [`Interrupt`] |
//! | the answer | [`resolve`], [`resolve_until`], [`Resolution`] | [`Selected`], [`SelectedNeed`], [`Path`], [`Tree`], [`TreeLine`], [`TreeEnd`] |
//! | why there is none | [`Failure`], [`Explanation`] | [`Requirement`], [`Requirer`], [`Demand`], [`Problem`], [`ClashingRequest`] |
//! | what would help | [`Explanation::advised`], [`Alternative`] | [`Change`], [`Cost`], [`Settled`] |
//! | its words | [`Explanation::report`], [`Detail`] | [`Line`], [`Piece`], [`Style`] |
//! | several selections | [`resolve_groups`], [`resolve_groups_until`], [`Grouping`] | [`Group`], [`Boundary`], [`LeftOut`], [`duplicates`], [`Duplicate`], [`HeldVersion`] |
//! | an answer that is kept | [`Lock`] | [`LockedPackage`], [`LockedNeed`], [`LockedRequest`], [`LockedRoot`], [`ForeignLock`] |
//! | what changed since | [`Lock::diff`], [`Request::frozen`], [`Lock::outdated`] | [`LockDiff`], [`PackageChange`], [`RequestChange`], [`Direction`], [`Compatibility`], [`Drift`], [`Drifted`], [`OutdatedPackage`], [`Holder`] |
//! | order, cycles, pictures | [`PackageGraph`], [`DependencyGraph`] | [`PackageCycle`], [`Cycle`], [`EdgeStrength`], [`Why`], [`Way`], [`Dependent`] |
//! | bad input | [`ResolverError`] | the tags in `docs/errors.md` |
//! | tests in any language | [`machine`] | |

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
pub use groups::{Boundary, Group, Grouping, LeftOut, resolve_groups, resolve_groups_until};
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
