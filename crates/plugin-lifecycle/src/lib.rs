#![doc = include_str!("../README.md")]

mod admission;
mod error;
mod instance;
mod machine;
mod policy;
mod rbac;

pub use admission::{AdmissionRefusal, Admitted, Budget, Shown, admit, allow};
pub use error::ManagerError;
pub use instance::{
    ErrorWindow, ExecutionLease, Instance, Member, Operation as InstanceOperation, PluginInstance,
    TooMany, Wanted,
};
pub use machine::{
    After, Command, CommandKind, ExecutionEnd, Interrupted, LostOutcome, Ran, Refusal, Rule, State,
    StateKind, Transition, transition,
};
pub use policy::Policy;
pub use rbac::{Operation, Permit, permit, permit_in};
