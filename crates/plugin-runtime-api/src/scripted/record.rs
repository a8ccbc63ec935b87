//! What an executor was asked.

use std::time::Duration;

use one_ontology::IdempotencyKey;

use crate::{ExecutionId, Fence, Invocation, RuntimeId, RuntimeSpec};

/// One call of the [`Executor`](crate::Executor) port.
#[derive(Clone, Debug, PartialEq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "it has the methods of the port, and a test may match them all"
)]
pub enum ExecutorCall {
    /// `start`.
    Start {
        /// The spec.
        spec: Box<RuntimeSpec>,
    },
    /// `invoke`.
    Invoke {
        /// The runtime.
        runtime: RuntimeId,
        /// The call.
        call: Box<Invocation>,
    },
    /// `cancel`.
    Cancel {
        /// The runtime.
        runtime: RuntimeId,
        /// The execution.
        execution: ExecutionId,
    },
    /// `outcome`.
    Outcome {
        /// The key.
        key: IdempotencyKey,
    },
    /// `status`.
    Status {
        /// The runtime.
        runtime: RuntimeId,
    },
    /// `stop`.
    Stop {
        /// The runtime.
        runtime: RuntimeId,
        /// The fence.
        fence: Fence,
        /// The grace.
        grace: Duration,
    },
}
