//! Changing versions: what changes, what that breaks, and what is kept to go back to.

mod approval;
mod breaking;
mod edition;
mod packages;
mod pin;
mod plan;
mod plans;

pub use approval::Approval;
pub(crate) use breaking::covering;
pub use breaking::{Breaking, BreakingKind, UpdateKind, breaking, kept_settings, widened};
pub use edition::{Edition, PluginSnapshot, Snapshot};
pub(crate) use packages::still_begins;
pub use packages::{ChangedPackage, PackagePart, changed_packages, settled};
pub use pin::Pin;
pub use plan::{Dependent, OutdatedPlugin, UpdatePlan, Verdict};
pub use plans::{Approvals, PlannedUpdate, UpdatePlans};
