//! The lifecycle of an installed plugin: states, commands, and the one function between them.

mod command;
mod rule;
mod state;
mod transition;

pub use command::{Command, CommandKind, ExecutionEnd, LostOutcome};
pub use rule::Rule;
pub use state::{After, Interrupted, Ran, State, StateKind};
pub use transition::{Refusal, Transition, possible, transition};
