//! What an adapter brings to the suite.

use std::sync::Arc;

use plugin_runtime_api::{Artifact, Engine, Executor};

/// The package of the plugin that works.
pub const PLUGIN: &str = "conformance";
/// The package of the plugin that does not start.
pub const BROKEN: &str = "conformance-broken";
/// The version of both.
pub const VERSION: &str = "1.0.0";

/// An executor with the two plugins of the suite; a fresh one for each case.
pub trait Fixture {
    /// The executor, the same each time.
    fn executor(&self) -> Arc<dyn Executor>;

    /// What runs the two plugins.
    fn engine(&self) -> Engine;

    /// Where they are.
    fn artifact(&self) -> Artifact;
}
