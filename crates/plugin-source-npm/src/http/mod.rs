//! Fetching from registries: bounded, retried, with credentials only where they belong.

mod client;
mod limits;
mod names;
mod pool;
mod tls;

pub(crate) use client::{Client, Method, Reply, Request};
pub use limits::HttpLimits;
pub(crate) use pool::Pool;
