//! Where `log.record` goes.

use std::fmt::Debug;

use plugin_runtime_api::CallContext;
use serde_json::Value;
use uuid::Uuid;

/// Something a plugin says of its own doing: bounded, and as hostile as the plugin.
#[derive(Clone, Debug, PartialEq)]
pub struct PluginLog {
    /// Of what type.
    pub kind: String,
    /// What.
    pub body: Value,
    /// In which room.
    pub room_id: Option<Uuid>,
    /// By whom.
    pub entity_id: Option<Uuid>,
}

/// Takes what plugins log. A log is no fact of the organisation, so it is not in its trail.
pub trait LogSink: Debug + Send + Sync + 'static {
    /// Takes one entry. Must not block.
    fn record(&self, context: &CallContext, entry: &PluginLog);
}
