//! The trait of native plugins.

use std::fmt::Debug;

use async_trait::async_trait;
use one_ontology::excerpt;
use serde_json::Value;

use super::{NativeCall, NativeDescription, NativeStart};
use crate::PluginFailure;

/// Why a plugin does not run an action on this input, in its own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    reason: String,
}

impl Refusal {
    /// A refusal with a reason, cut to 1,000 characters.
    #[must_use]
    pub fn new(reason: &str) -> Self {
        Self {
            reason: excerpt(reason, 1_000),
        }
    }

    /// The reason.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

/// A plugin written in Rust and compiled into the host, which trusts it.
///
/// One value serves every runtime of every organisation, so it keeps nothing of its callers: what
/// is to be kept it gives to the host. Its time can only be bounded where it awaits, so long work
/// awaits now and then. Unlike the ports it has default methods: it is written by authors of
/// plugins, most of whom have no use for them.
#[async_trait]
pub trait NativePlugin: Debug + Send + Sync + 'static {
    /// What it is.
    fn describe(&self) -> NativeDescription;

    /// Called once for each runtime, after the plugins before it have started.
    ///
    /// # Errors
    /// Whatever keeps it from running: the runtime does not start then.
    async fn start(&self, start: &NativeStart<'_>) -> Result<(), PluginFailure> {
        let _nothing_to_do = start;
        Ok(())
    }

    /// Asked before each action and evaluator is run.
    ///
    /// # Errors
    /// A [`Refusal`] where it should not be run on this input.
    async fn validate(&self, call: &NativeCall<'_>) -> Result<(), Refusal> {
        let _runs_always = call;
        Ok(())
    }

    /// Runs one of the components it has described, except services, which are not invoked.
    ///
    /// # Errors
    /// Its own failure; [`HostError`](crate::HostError) converts into one.
    async fn invoke(&self, call: &NativeCall<'_>) -> Result<Value, PluginFailure>;
}
