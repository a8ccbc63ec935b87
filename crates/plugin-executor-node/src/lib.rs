//! Executor that runs unmodified elizaOS packages in Node worker processes.
