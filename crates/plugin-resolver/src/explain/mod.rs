//! Why there is no answer: from a proof of impossibility to data, and from data to words.

mod advise;
mod alternative;
mod bend;
pub(crate) mod conflict;
mod demand;
mod explanation;
mod export;
mod lines;
mod offer;
mod patience;
mod problem;
mod questions;
mod requirement;
mod text;
mod told;
mod ways;
mod words;

pub use alternative::{Alternative, Change, Cost, Settled};
pub use demand::Demand;
pub use explanation::{ClashingRequest, Explanation, Requirement, Requirer};
pub(crate) use text::Between;
pub use text::{Line, Piece, Style};
pub use words::Detail;
