//! Agents of an organisation, what each may use, and where it runs.

mod agent;
mod character;
mod grant;

pub use agent::Agent;
pub(crate) use agent::{agent_types, character_of, not_an_agent};
pub(crate) use character::check_character;
pub(crate) use grant::seat_of;
pub use grant::{AgentGrant, AgentSeat};
