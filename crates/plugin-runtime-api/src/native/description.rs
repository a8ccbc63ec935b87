//! What a native plugin says of itself.

use serde_json::{Map, Value, json};

use crate::{Component, PluginName};

/// What a native plugin says of itself, once and for every runtime.
#[derive(Clone, Debug, PartialEq)]
pub struct NativeDescription {
    /// Its name, as the catalog lists it.
    pub name: PluginName,
    /// Its exact version; a runtime that asks for another one does not start.
    pub version: String,
    /// In words, for people.
    pub description: String,
    /// Its components.
    pub components: Vec<Component>,
    /// Its settings by name, each as elizaOS's `agentConfig.pluginParameters` has it:
    /// `{"type", "description", "required", "default", "sensitive"}`.
    pub parameters: Map<String, Value>,
}

impl NativeDescription {
    /// A plugin without components and settings.
    #[must_use]
    pub fn new(name: PluginName, version: &str) -> Self {
        Self {
            name,
            version: version.to_owned(),
            description: String::new(),
            components: Vec::new(),
            parameters: Map::new(),
        }
    }

    /// The `package.json` that a package with this plugin would have, so that a catalog reads it
    /// like any other.
    #[must_use]
    pub fn package_json(&self) -> Value {
        json!({
            "name": self.name,
            "version": self.version,
            "description": self.description,
            "agentConfig": {
                "pluginType": "elizaos:plugin:1.0.0",
                "pluginParameters": self.parameters,
            },
        })
    }
}
