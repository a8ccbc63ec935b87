//! The host that answers running plugin code from the six dimensions.

mod answer;
mod bounds;
mod cache;
mod causes;
mod components;
mod connections;
mod desk;
mod embedder_model;
mod entities;
mod log;
mod memories;
mod memory_row;
mod models;
mod permission;
mod publish;
mod recall;
mod record;
mod relationships;
mod rooms;
mod runtime;
mod settings;
mod tasks;
mod things;

pub use embedder_model::EmbedderModel;
pub use log::{LogSink, PluginLog};
pub use permission::needed_permission;
pub use runtime::{OneRuntime, PluginGrant, RuntimeGrants, SecretPolicy};
