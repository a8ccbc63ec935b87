#![doc = include_str!("../README.md")]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a broken bench may panic"
)]

mod ecosystem;
mod hard;
pub mod measure;
pub mod peers;
mod problem;
mod random;
pub mod report;
mod scenario;
mod synthetic;
mod trial;

pub use ecosystem::{DATA, data_folder};
pub use problem::{Answer, Edge, Package, Problem, Release, Spans};
pub use random::Random;
pub use scenario::{Family, Scenario};
pub use synthetic::{Backwards, Shape, Sizes, contradiction, needs_of, registry};
pub use trial::{Stopped, Trial, judge, run_as_child};

#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct ReadmeOfTheWorkspace;
