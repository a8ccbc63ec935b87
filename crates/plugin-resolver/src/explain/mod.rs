//! Why there is no answer: from a proof of impossibility to data, and from data to words.

pub(crate) mod conflict;
mod demand;
mod explanation;

pub use demand::Demand;
pub use explanation::{ClashingRequest, Explanation, Requirement, Requirer};
