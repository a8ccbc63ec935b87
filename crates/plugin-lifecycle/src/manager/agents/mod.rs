//! Agents: who they are, what they may use, and the runtimes in which they do.

mod grants;
mod opening;
mod retire;
mod rows;
mod runtimes;
mod seats;
mod uses;

pub use uses::AgentUse;
