#![doc = include_str!("../README.md")]

#[cfg(feature = "cached")]
mod cached;
#[cfg(any(feature = "traced", feature = "metered", feature = "injected"))]
mod forward;
#[cfg(feature = "injected")]
mod injected;
#[cfg(feature = "metered")]
mod metered;
mod method;
mod rows;
#[cfg(feature = "traced")]
mod traced;

#[cfg(feature = "cached")]
pub use cached::{CacheFigures, CacheOptions, Cached};
#[cfg(feature = "injected")]
pub use injected::{At, Fault, Injected, Injection};
#[cfg(feature = "metered")]
pub use metered::{Ending, Figures, Measured, Metered, Sink, Tally};
pub use method::Method;
pub use rows::Rows;
#[cfg(feature = "traced")]
pub use traced::Traced;
