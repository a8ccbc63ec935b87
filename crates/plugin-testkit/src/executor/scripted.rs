//! The plugins of the suite as scripts.

use std::sync::Arc;
use std::time::Duration;

use one_ontology::{Clock as _, SystemClock};
use plugin_runtime_api::{
    Artifact, Ending, Engine, Executor, HostCall, HostError, PluginFailure, Script, ScriptedCall,
    ScriptedExecutor, StartScript, Timer as _,
};
use serde_json::{Value, json};

use crate::executor::native::{broken, components};
use crate::executor::{BROKEN, Fixture, PLUGIN, WallTimer};

/// [`ScriptedExecutor`] with the plugins of the suite.
#[derive(Debug)]
pub struct ScriptedFixture(Arc<ScriptedExecutor>);

impl ScriptedFixture {
    /// A fresh one, in real time.
    #[must_use]
    pub fn new() -> Self {
        let (timer, clock) = (Arc::new(WallTimer), Arc::new(SystemClock));
        let executor = ScriptedExecutor::with_timer([Engine::Node], timer, clock);
        executor.plugin(PLUGIN.parse().unwrap(), components());
        let fails = || StartScript::Fail(broken());
        executor.script_start(BROKEN.parse().unwrap(), fails());
        executor.script_start(BROKEN.parse().unwrap(), fails());
        executor.always("ECHO", Script::run(echo));
        let failure = PluginFailure::new("Error", "broken on purpose");
        executor.always("FAIL", Script::Fail(failure));
        executor.always("SLOW", Script::run(slow));
        executor.always("REFUSE", Script::Refuse("it never runs".to_owned()));
        executor.always("HOST", Script::run(|call| ended(host(call))));
        executor.always("COUNT", Script::run(|call| ended(count(call))));
        let provided = json!({ "text": "p", "values": { "p": 1 }, "data": {} });
        executor.always("P", Script::Succeed(provided));
        Self(Arc::new(executor))
    }
}

impl Default for ScriptedFixture {
    fn default() -> Self {
        Self::new()
    }
}

impl Fixture for ScriptedFixture {
    fn executor(&self) -> Arc<dyn Executor> {
        Arc::<ScriptedExecutor>::clone(&self.0)
    }

    fn engine(&self) -> Engine {
        Engine::Node
    }

    fn artifact(&self) -> Artifact {
        Artifact::Packages {
            digest: "0".repeat(64).parse().unwrap(),
            location: "/nowhere".to_owned(),
        }
    }
}

fn done(result: Value) -> Ending {
    Ending::Succeeded {
        output: json!({ "result": result, "responses": [] }),
    }
}

async fn echo(call: ScriptedCall) -> Ending {
    call.log("conformance echo");
    let result = json!({ "echo": call.invocation().input });
    Ending::Succeeded {
        output: json!({ "result": result, "responses": [{ "text": "echo" }] }),
    }
}

async fn slow(call: ScriptedCall) -> Ending {
    let ms = call.invocation().input["ms"].as_u64().unwrap_or(0);
    let until = SystemClock.now().plus(Duration::from_millis(ms));
    WallTimer.sleep_until(until).await;
    done(json!({ "slept": ms }))
}

async fn host(call: ScriptedCall) -> Result<Value, HostError> {
    let input = &call.invocation().input;
    let key = input["key"].as_str().unwrap_or_default().to_owned();
    let set = HostCall::SetCache {
        key: key.clone(),
        value: input["value"].clone(),
    };
    call.host().call(set).await?;
    let value: Value = call.host().ask(HostCall::GetCache { key }).await?;
    Ok(json!({ "value": value }))
}

async fn count(call: ScriptedCall) -> Result<Value, HostError> {
    let key = || "count".to_owned();
    let count: Option<u64> = call.host().ask(HostCall::GetCache { key: key() }).await?;
    let count = count.unwrap_or(0) + 1;
    let (key, value) = (key(), json!(count));
    call.host().call(HostCall::SetCache { key, value }).await?;
    Ok(json!({ "count": count }))
}

async fn ended(work: impl Future<Output = Result<Value, HostError>>) -> Ending {
    match work.await {
        Ok(result) => done(result),
        Err(error) => Ending::Failed {
            error: error.into(),
        },
    }
}
