//! The plugins of the suite in Rust.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use one_ontology::{Clock as _, SystemClock};
use plugin_runtime_api::{
    Artifact, Component, ComponentKind, Engine, Executor, HostCall, NativeCall, NativeDescription,
    NativeExecutor, NativePlugin, NativeStart, PluginFailure, Refusal, Timer as _,
};
use serde_json::{Value, json};

use crate::executor::{BROKEN, Fixture, PLUGIN, VERSION, WallTimer};

/// The plugin that works.
#[derive(Clone, Copy, Debug, Default)]
pub struct ConformancePlugin;

pub(super) fn components() -> Vec<Component> {
    let actions = ["ECHO", "FAIL", "SLOW", "REFUSE", "HOST", "COUNT"];
    let actions = actions.map(|name| (ComponentKind::Action, name));
    let all = actions.into_iter().chain([(ComponentKind::Provider, "P")]);
    all.map(|(kind, name)| Component::new(kind, name.parse().unwrap()))
        .collect()
}

pub(super) fn broken() -> PluginFailure {
    PluginFailure::new("Error", "broken at the start")
}

#[async_trait]
impl NativePlugin for ConformancePlugin {
    fn describe(&self) -> NativeDescription {
        NativeDescription {
            components: components(),
            ..NativeDescription::new(PLUGIN.parse().unwrap(), VERSION)
        }
    }

    async fn validate(&self, call: &NativeCall<'_>) -> Result<(), Refusal> {
        match call.component() {
            "REFUSE" => Err(Refusal::new("it never runs")),
            _ => Ok(()),
        }
    }

    async fn invoke(&self, call: &NativeCall<'_>) -> Result<Value, PluginFailure> {
        let host = call.host();
        match call.component() {
            "ECHO" => {
                call.log("conformance echo");
                call.respond(json!({ "text": "echo" }));
                Ok(json!({ "echo": call.input() }))
            }
            "FAIL" => Err(PluginFailure::new("Error", "broken on purpose")),
            "SLOW" => {
                let ms = call.input()["ms"].as_u64().unwrap_or(0);
                let until = SystemClock.now().plus(Duration::from_millis(ms));
                WallTimer.sleep_until(until).await;
                Ok(json!({ "slept": ms }))
            }
            "REFUSE" => {
                let (key, value) = ("refused".to_owned(), json!(true));
                host.call(HostCall::SetCache { key, value }).await?;
                Ok(Value::Null)
            }
            "HOST" => {
                let key = call.text("key").unwrap_or_default().to_owned();
                let value = call.input()["value"].clone();
                let set = HostCall::SetCache {
                    key: key.clone(),
                    value,
                };
                host.call(set).await?;
                let value: Value = host.ask(HostCall::GetCache { key }).await?;
                Ok(json!({ "value": value }))
            }
            "COUNT" => {
                let key = || "count".to_owned();
                let count: Option<u64> = host.ask(HostCall::GetCache { key: key() }).await?;
                let count = count.unwrap_or(0) + 1;
                let (key, value) = (key(), json!(count));
                host.call(HostCall::SetCache { key, value }).await?;
                Ok(json!({ "count": count }))
            }
            _ => Ok(json!({ "text": "p", "values": { "p": 1 }, "data": {} })),
        }
    }
}

/// The plugin that does not start.
#[derive(Clone, Copy, Debug, Default)]
pub struct BrokenPlugin;

#[async_trait]
impl NativePlugin for BrokenPlugin {
    fn describe(&self) -> NativeDescription {
        NativeDescription::new(BROKEN.parse().unwrap(), VERSION)
    }

    async fn start(&self, _start: &NativeStart<'_>) -> Result<(), PluginFailure> {
        Err(broken())
    }

    async fn invoke(&self, _call: &NativeCall<'_>) -> Result<Value, PluginFailure> {
        Err(broken())
    }
}

/// [`NativeExecutor`] with the plugins of the suite.
#[derive(Debug)]
pub struct NativeFixture(Arc<NativeExecutor>);

impl NativeFixture {
    /// A fresh one, in real time.
    #[must_use]
    pub fn new() -> Self {
        let plugins: [Arc<dyn NativePlugin>; 2] =
            [Arc::new(ConformancePlugin), Arc::new(BrokenPlugin)];
        let (timer, clock) = (Arc::new(WallTimer), Arc::new(SystemClock));
        Self(Arc::new(NativeExecutor::with_timer(plugins, timer, clock)))
    }
}

impl Default for NativeFixture {
    fn default() -> Self {
        Self::new()
    }
}

impl Fixture for NativeFixture {
    fn executor(&self) -> Arc<dyn Executor> {
        Arc::<NativeExecutor>::clone(&self.0)
    }

    fn engine(&self) -> Engine {
        Engine::Native
    }

    fn artifact(&self) -> Artifact {
        Artifact::Native
    }
}
