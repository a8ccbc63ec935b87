//! Where an instance stands, as a value.

mod beside;
mod condition;
mod conditions;
mod desired;
mod judged;
mod parts;
mod standing;

pub use beside::{Beside, Offer};
pub use condition::{Condition, ConditionKind, ConditionReason, ConditionStatus};
pub use desired::{Desired, desired};
pub use parts::{
    BreakerState, BreakerStatus, Driver, ErrorStatus, ExecutionStatus, OperationStatus,
};
pub use standing::{Status, status};
