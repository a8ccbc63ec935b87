//! Runtimes that live in the host's own process: what [`NativeExecutor`](crate::NativeExecutor)
//! and [`ScriptedExecutor`](crate::ScriptedExecutor) have in common. It keeps the promises of the
//! [`Executor`](crate::Executor) port about fences, keys, bounds and endings; a [`Program`] only
//! says what starts and what runs.

mod bytes;
mod fences;
mod lock;
mod log_hub;
mod meter;
mod outcomes;
mod program;
mod runtimes;
mod session;
mod site;
mod wait;

pub(crate) use lock::lock;
pub(crate) use program::{Program, StartedPlugin};
pub(crate) use runtimes::Runtimes;
pub(crate) use site::Site;
pub(crate) use wait::Wait;
