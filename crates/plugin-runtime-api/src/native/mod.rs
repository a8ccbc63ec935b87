//! Plugins that are Rust values of the host.

mod call;
mod description;
mod executor;
mod plugin;
mod program;

pub use call::{NativeCall, NativeHost, NativeStart};
pub use description::NativeDescription;
pub use executor::NativeExecutor;
pub use plugin::{NativePlugin, Refusal};
