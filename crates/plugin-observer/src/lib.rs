#![doc = include_str!("../README.md")]

#[cfg(feature = "metered")]
mod metered;
mod together;
#[cfg(feature = "traced")]
mod traced;

#[cfg(feature = "metered")]
pub use metered::Metered;
pub use together::Together;
#[cfg(feature = "traced")]
pub use traced::Traced;
