//! Closures: packages with everything they need, on disk, named by what they are.

mod client;
mod disk;
mod install;
mod lock;
mod places;
mod request;
mod sizes;

pub(crate) use client::Client;
pub use install::{Closure, Estimate, OptionalPackages};
pub(crate) use install::{Closures, Settings};
pub(crate) use request::ClosureRequest;
