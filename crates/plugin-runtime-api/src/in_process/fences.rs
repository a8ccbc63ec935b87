//! The highest fence seen of each runtime.

use std::collections::BTreeMap;

use crate::{ExecutorError, Fence, RuntimeId};

/// Grows by one small entry for each runtime ever seen: forgetting a fence would let the past in.
#[derive(Debug, Default)]
pub(super) struct Fences(BTreeMap<RuntimeId, Fence>);

impl Fences {
    /// Lets `given` pass unless a higher one was seen; from then on it has been seen.
    pub(super) fn admit(&mut self, runtime: RuntimeId, given: Fence) -> Result<(), ExecutorError> {
        let seen = self.0.entry(runtime).or_insert(given);
        if given < *seen {
            return Err(ExecutorError::StaleFence {
                runtime,
                given,
                seen: *seen,
            });
        }
        *seen = given;
        Ok(())
    }

    /// What became of an owner with fence `given` whose runtime was ended meanwhile.
    pub(super) fn overtaken(&self, runtime: RuntimeId, given: Fence) -> ExecutorError {
        match self.0.get(&runtime) {
            Some(seen) if given < *seen => ExecutorError::StaleFence {
                runtime,
                given,
                seen: *seen,
            },
            _ => ExecutorError::NotRunning { runtime },
        }
    }
}
