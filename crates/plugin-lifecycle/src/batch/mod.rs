//! Several instances gone through in an order, each by itself.

mod course;
mod report;

pub use course::Course;
pub use report::{BatchMember, BatchOutcome, BatchProgress, BatchReport, BatchStep, Chosen};
