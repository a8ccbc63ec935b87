//! Native plugins as a source.

use std::sync::Arc;

use plugin_registry::MemorySource;
use plugin_runtime_api::NativePlugin;
use serde_json::json;

/// A source of the native plugins compiled into a host, to be given to
/// [`PluginManager::with_source_for`](crate::PluginManager::with_source_for) with
/// [`Engine::Native`](plugin_runtime_api::Engine::Native).
#[must_use]
pub fn native_source(plugins: &[Arc<dyn NativePlugin>]) -> MemorySource {
    let source = MemorySource::new("native");
    for plugin in plugins {
        let description = plugin.describe();
        let (name, version) = (description.name.as_str(), description.version.as_str());
        let document = json!({
            "name": name,
            "dist-tags": {"latest": version},
            "versions": {version: description.package_json()},
        });
        source.put(name, document);
    }
    source
}
