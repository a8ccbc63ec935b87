#![doc = include_str!("../README.md")]

#[cfg(not(unix))]
compile_error!(
    "plugin-executor-node needs Unix: process groups, inherited sockets and signals. \
     Leave it out on this system; native and WebAssembly plugins do not need it."
);

mod clock;
mod ending;
mod error;
mod executor;
mod files;
mod frame;
mod lock;
mod log;
mod node;
mod outcomes;
mod process;
mod reader;
mod session;
mod spec;
mod timer;
mod wire;
mod writer;

pub use error::NodeError;
pub use executor::{NodeConfig, NodeExecutor};
