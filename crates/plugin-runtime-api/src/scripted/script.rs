//! What a component or a start does.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde_json::Value;

use crate::in_process::Site;
use crate::{Ending, ExecutorError, Invocation, NativeHost, PluginFailure};

type Behaviour = dyn Fn(ScriptedCall) -> BoxFuture<'static, Ending> + Send + Sync;

/// What a component does when it is invoked.
#[derive(Clone)]
#[non_exhaustive]
pub enum Script {
    /// It returns this output, exactly.
    Succeed(Value),
    /// Its `validate` says no.
    Refuse(String),
    /// It fails.
    Fail(PluginFailure),
    /// It takes longer than it may. The runtime runs on; where a test wants it ended as well, it
    /// says so by [`ScriptedExecutor::crash`](crate::ScriptedExecutor::crash).
    TimeOut,
    /// It uses more memory than it may, and its runtime is ended.
    OutOfMemory,
    /// It takes its runtime with it.
    Crash(String),
    /// It runs to its end and the answer is lost: the caller gets `Unavailable`, and nobody knows
    /// the outcome.
    Lose,
    /// It does not run: the executor is unavailable.
    Unavailable(String),
    /// It hangs until [`ScriptedExecutor::release`](crate::ScriptedExecutor::release), then does
    /// this. Timeouts, cancelling and stopping end it as they end anything.
    Hang(Box<Script>),
    /// It does what the function says; [`Script::run`] makes one.
    Run(Arc<Behaviour>),
}

impl Script {
    /// A component that does what a function says.
    pub fn run<F, R>(behaviour: F) -> Self
    where
        F: Fn(ScriptedCall) -> R + Send + Sync + 'static,
        R: Future<Output = Ending> + Send + 'static,
    {
        Self::Run(Arc::new(move |call| behaviour(call).boxed()))
    }

    /// A component that hangs until it is released, then does `this`.
    #[must_use]
    pub fn hang_then(this: Self) -> Self {
        Self::Hang(Box::new(this))
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Succeed(output) => f.debug_tuple("Succeed").field(output).finish(),
            Self::Refuse(reason) => f.debug_tuple("Refuse").field(reason).finish(),
            Self::Fail(failure) => f.debug_tuple("Fail").field(failure).finish(),
            Self::TimeOut => f.write_str("TimeOut"),
            Self::OutOfMemory => f.write_str("OutOfMemory"),
            Self::Crash(reason) => f.debug_tuple("Crash").field(reason).finish(),
            Self::Lose => f.write_str("Lose"),
            Self::Unavailable(reason) => f.debug_tuple("Unavailable").field(reason).finish(),
            Self::Hang(then) => f.debug_tuple("Hang").field(then).finish(),
            Self::Run(_) => f.write_str("Run(..)"),
        }
    }
}

/// What the start of a plugin does.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum StartScript {
    /// The plugin fails to start.
    Fail(PluginFailure),
    /// The executor cannot do its job.
    Error(ExecutorError),
    /// It hangs until [`ScriptedExecutor::release_start`](crate::ScriptedExecutor::release_start),
    /// then starts.
    Hang,
}

/// A call that a [`Script::Run`] answers.
#[derive(Clone, Debug)]
pub struct ScriptedCall {
    invocation: Invocation,
    site: Site,
}

impl ScriptedCall {
    pub(super) const fn new(invocation: Invocation, site: Site) -> Self {
        Self { invocation, site }
    }

    /// What was asked.
    #[must_use]
    pub const fn invocation(&self) -> &Invocation {
        &self.invocation
    }

    /// The host, as plugin code has it.
    #[must_use]
    pub fn host(&self) -> NativeHost {
        NativeHost::new(self.site.clone())
    }

    /// Writes one line to the log of the runtime.
    pub fn log(&self, text: &str) {
        self.site.log(text);
    }
}
