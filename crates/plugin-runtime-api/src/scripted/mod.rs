//! An executor whose plugins do what a test says.

mod executor;
mod program;
mod record;
mod script;

pub use executor::ScriptedExecutor;
pub use record::ExecutorCall;
pub use script::{Script, ScriptedCall, StartScript};
