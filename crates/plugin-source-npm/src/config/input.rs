//! What npm's configuration is read from, as texts.

use std::collections::BTreeMap;
use std::fmt;

/// The places npm reads its configuration from, already read. A place that is not there is empty.
///
/// It holds secrets; its `Debug` says only what is there.
#[derive(Clone, Default)]
pub struct ConfigInput {
    /// The environment: `npm_config_*` in any case, the proxies, and what `${NAME}` stands for.
    pub environment: BTreeMap<String, String>,
    /// Settings of the host itself, which win over all others.
    pub command_line: BTreeMap<String, String>,
    /// The text of the project's `.npmrc`.
    pub project: String,
    /// The text of the user's `.npmrc`.
    pub user: String,
    /// The text of the global `npmrc`.
    pub global: String,
    /// The text of the `npmrc` that npm was built with.
    pub builtin: String,
    /// What npm answers to `npm config get registry`, for when nothing else names one.
    pub default_registry: Option<String>,
}

impl fmt::Debug for ConfigInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConfigInput")
            .field("environment", &self.environment.len())
            .field("command_line", &self.command_line.len())
            .field("project", &self.project.len())
            .field("user", &self.user.len())
            .field("global", &self.global.len())
            .field("builtin", &self.builtin.len())
            .field("default_registry", &self.default_registry)
            .finish()
    }
}
