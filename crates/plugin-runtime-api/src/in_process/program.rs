//! What differs between executors in the host's own process.

use std::fmt::Debug;

use async_trait::async_trait;

use super::Site;
use crate::{Component, Ending, ExecutorError, Invocation, RuntimeSpec};

/// What one plugin is once started.
#[derive(Debug)]
pub(crate) struct StartedPlugin {
    pub(crate) components: Vec<Component>,
    pub(crate) warnings: Vec<String>,
}

/// What starts, and what runs.
#[async_trait]
pub(crate) trait Program: Debug + Send + Sync + 'static {
    /// What runs it, for people.
    fn engine(&self) -> String;

    /// Refuses a spec that this program cannot run.
    fn admit(&self, spec: &RuntimeSpec) -> Result<(), ExecutorError>;

    /// Starts the plugin that `site` is of.
    async fn start(&self, site: &Site) -> Result<StartedPlugin, ExecutorError>;

    /// Asked before each invocation, known key or not.
    fn reach(&self, call: &Invocation) -> Result<(), ExecutorError>;

    /// Runs one component, which is there.
    async fn run(&self, site: &Site, call: &Invocation) -> Result<Ending, ExecutorError>;
}
