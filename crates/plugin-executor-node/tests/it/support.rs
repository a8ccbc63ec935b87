//! Plugins written on the spot, and an executor to run them.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use futures::executor::block_on;
use one_ontology::{GroupId, ThingId};
use plugin_executor_node::{NodeConfig, NodeError, NodeExecutor};
use plugin_runtime_api::{
    Artifact, ComponentKind, Effect, Ending, Engine, ExecutionId, Executor as _, ExecutorError,
    Fence, Invocation, Limits, Outcome, Permissions, RuntimeId, RuntimeInfo, RuntimePlugin,
    RuntimeSpec,
};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::host::TestHost;

/// A machine with Node, a directory of packages, a host that records.
pub(crate) struct Bench {
    pub(crate) executor: NodeExecutor,
    pub(crate) host: Arc<TestHost>,
    pub(crate) spec: RuntimeSpec,
    root: Option<TempDir>,
}

/// Says loudly that the test of this thread does not run.
pub(crate) fn skip(why: &str) {
    let test = std::thread::current().name().unwrap_or("?").to_owned();
    let line = format!("SKIPPED: plugin-executor-node {test}: {why}");
    // Once for each test, also where it tries several plugins.
    static SAID: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    if !SAID.lock().unwrap().insert(test) {
        return;
    }
    eprintln!("{line}");
    if let Some(log) = std::env::var_os("ONE_PLUGIN_SKIPPED_LOG") {
        let mut file = std::fs::File::options()
            .create(true)
            .append(true)
            .open(log)
            .unwrap();
        writeln!(file, "{line}").unwrap();
    }
}

pub(crate) fn executor() -> Option<NodeExecutor> {
    let config = NodeConfig::from_path_variable(std::env::var_os("PATH"));
    match NodeExecutor::new(config) {
        Ok(executor) => Some(executor),
        Err(error @ (NodeError::NotFound { .. } | NodeError::TooOld { .. })) => {
            skip(&error.to_string());
            None
        }
        Err(error) => panic!("{error}"),
    }
}

/// An id that is the same in every run.
pub(crate) fn thing(name: &str) -> ThingId {
    ThingId::of_name(&[name])
}

fn spec(root: &Path, plugins: Vec<RuntimePlugin>) -> RuntimeSpec {
    RuntimeSpec {
        runtime: RuntimeId::of_name(&["runtime"]),
        group: GroupId::of_name(&["acme"]),
        agent: thing("agent"),
        character: json!({"name": "Ada", "settings": {"FROM_CHARACTER": "c"}}),
        engine: Engine::Node,
        artifact: Artifact::Packages {
            digest: "0".repeat(64).parse().unwrap(),
            location: root.to_str().unwrap().to_owned(),
        },
        plugins,
        limits: Limits {
            start_ms: 20_000,
            timeout_ms: 20_000,
            memory_bytes: 384 << 20,
            ..Limits::default()
        },
        fence: Fence(1),
    }
}

pub(crate) fn plugin(name: &str, version: &str) -> RuntimePlugin {
    RuntimePlugin {
        instance: thing(name),
        name: name.parse().unwrap(),
        version: version.to_owned(),
        grants: Permissions::none(),
        secrets: Vec::new(),
        settings: BTreeMap::from([
            ("GREETING".to_owned(), json!(format!("hello from {name}"))),
            ("FLAG".to_owned(), json!("false")),
            ("COUNT".to_owned(), json!(0)),
        ]),
    }
}

/// A package written on the spot.
pub(crate) fn write_package(root: &Path, name: &str, source: &str) {
    let directory = root.join("node_modules").join(name);
    std::fs::create_dir_all(&directory).unwrap();
    let manifest =
        json!({"name": name, "version": "1.0.0", "type": "module", "exports": "./index.js"});
    std::fs::write(directory.join("package.json"), manifest.to_string()).unwrap();
    std::fs::write(directory.join("index.js"), source).unwrap();
}

impl Bench {
    /// One plugin `p` with this source.
    pub(crate) fn of(source: &str) -> Option<Self> {
        Self::of_all(&[("p", source)])
    }

    pub(crate) fn of_all(packages: &[(&str, &str)]) -> Option<Self> {
        let executor = executor()?;
        let root = tempfile::tempdir().unwrap();
        for (name, source) in packages {
            write_package(root.path(), name, source);
        }
        let plugins = packages
            .iter()
            .map(|(name, _)| plugin(name, "1.0.0"))
            .collect();
        Some(Self {
            executor,
            host: Arc::new(TestHost::default()),
            spec: spec(root.path(), plugins),
            root: Some(root),
        })
    }

    /// One plugin whose only action `RUN` is the body of this function of
    /// `(runtime, message, options, callback)`.
    pub(crate) fn of_action(body: &str) -> Option<Self> {
        Self::of(&action(body))
    }

    /// Packages that npm installed.
    pub(crate) fn installed(root: &Path, plugins: &[(&str, &str)]) -> Option<Self> {
        Some(Self {
            executor: executor()?,
            host: Arc::new(TestHost::default()),
            spec: spec(root, plugins.iter().map(|(n, v)| plugin(n, v)).collect()),
            root: None,
        })
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.root.as_ref().unwrap().path().to_owned()
    }

    pub(crate) fn try_start(&self) -> Result<RuntimeInfo, ExecutorError> {
        block_on(self.executor.start(self.spec.clone(), self.host.clone()))
    }

    pub(crate) fn start(&self) -> RuntimeInfo {
        self.try_start().unwrap()
    }

    /// A call of the first plugin.
    pub(crate) fn call(&self, kind: ComponentKind, name: &str, input: Value) -> Invocation {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let number = NEXT.fetch_add(1, Ordering::Relaxed).to_string();
        Invocation {
            execution: ExecutionId::of_name(&[&number]),
            key: format!("key {number}").parse().unwrap(),
            carries: None,
            fence: self.spec.fence,
            instance: self.spec.plugins.first().unwrap().instance,
            plugin: self.spec.plugins.first().unwrap().name.clone(),
            kind,
            component: name.parse().unwrap(),
            input,
            timeout_ms: 20_000,
            effect: Effect::NonIdempotent,
        }
    }

    pub(crate) fn invoke(&self, call: Invocation) -> Result<Outcome, ExecutorError> {
        block_on(self.executor.invoke(&self.spec.runtime, call))
    }

    /// How `RUN` ends with this input.
    pub(crate) fn run(&self, input: Value) -> Ending {
        self.act("RUN", input)
    }

    pub(crate) fn act(&self, name: &str, input: Value) -> Ending {
        let call = self.call(ComponentKind::Action, name, input);
        self.invoke(call).unwrap().ending
    }

    /// What `RUN` returned.
    pub(crate) fn result(&self, input: Value) -> Value {
        result(self.run(input))
    }
}

/// The source of a plugin whose only action is `RUN`.
pub(crate) fn action(body: &str) -> String {
    format!(
        "import fs from 'node:fs';\n\
         export default {{ name: 'p', actions: [{{ name: 'RUN', description: 'runs', similes: ['GO'],\n\
         validate: async () => true,\n\
         handler: async (runtime, message, state, options, callback) => {{ {body} }} }}] }};"
    )
}

/// What an action returned.
pub(crate) fn result(ending: Ending) -> Value {
    match ending {
        Ending::Succeeded { output } => output.get("result").unwrap().clone(),
        other => panic!("{other:?}"),
    }
}

/// The name and the message of a failure.
pub(crate) fn failure(ending: Ending) -> (String, String) {
    match ending {
        Ending::Failed { error } => (error.name, error.message),
        other => panic!("{other:?}"),
    }
}
