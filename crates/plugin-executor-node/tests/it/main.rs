//! What the Node executor promises, on real worker processes. Needs Node 20; says so and skips
//! where there is none.
#![expect(clippy::unwrap_used, reason = "a failing test may panic")]
#![expect(clippy::panic, reason = "a failing test may panic")]

mod components;
mod ends;
mod fences;
mod host;
mod host_calls;
mod loading;
mod real_packages;
mod support;
