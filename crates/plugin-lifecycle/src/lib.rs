#![doc = include_str!("../README.md")]

mod machine;
mod rbac;

pub use machine::{
    After, Command, CommandKind, ExecutionEnd, Interrupted, LostOutcome, Ran, Refusal, Rule, State,
    StateKind, Transition, transition,
};
pub use rbac::{Operation, Permit, permit, permit_in};
