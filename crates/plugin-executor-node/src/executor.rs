//! The executor: which runtimes run, under which fences.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use async_trait::async_trait;
use futures::executor::ThreadPool;
use futures::stream::BoxStream;
use one_ontology::{IdempotencyKey, Violations};
use plugin_runtime_api::{
    Barrier, Enforcement, Engine, ExecutionId, Executor, ExecutorError, Fence, HostServices,
    Invocation, IsolationLevel, LogLine, LogStream, Outcome, RuntimeId, RuntimeInfo, RuntimeSpec,
    RuntimeStatus,
};

use crate::clock::now;
use crate::error::NodeError;
use crate::files::{WorkerFiles, new_directory};
use crate::lock::lock;
use crate::log::LogHub;
use crate::node::Node;
use crate::outcomes::{Begun, Outcomes};
use crate::process::{Launch, Process};
use crate::reader;
use crate::session::{Commons, Ready, Session};
use crate::spec::check;
use crate::timer::Timer;
use crate::wire::{PROTOCOL, PluginToStart, ToWorker};
use crate::writer::FrameWriter;

/// How long the ends of a worker's pipes are waited for once it has ended.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// Threads that run host calls.
const HOST_THREADS: usize = 4;

/// Where Node is and what workers get. Nothing is read from the host's environment.
#[derive(Clone, Debug)]
pub struct NodeConfig {
    /// The `node` program; looked for in `path` where it is not given.
    pub node: Option<PathBuf>,
    /// The value of a `PATH` variable.
    pub path: Option<OsString>,
    /// Where to make private directories; the system's directory for such where it is not given.
    pub directory: Option<PathBuf>,
    /// Environment variables for workers, besides `HOME`, `TMPDIR`, `NODE_ENV` and `NO_COLOR`.
    /// Every plugin can read them: no secrets.
    pub environment: BTreeMap<String, String>,
    /// How many outcomes are remembered.
    pub outcomes: usize,
}

impl NodeConfig {
    /// The first `node` of a `PATH`, which the caller has read; defaults for the rest.
    #[must_use]
    pub fn from_path_variable(path: Option<OsString>) -> Self {
        Self {
            node: None,
            path,
            directory: None,
            environment: BTreeMap::new(),
            outcomes: 1_000,
        }
    }
}

/// Runs elizaOS packages in Node worker processes: one process for one runtime.
pub struct NodeExecutor {
    node: Node,
    config: NodeConfig,
    files: WorkerFiles,
    commons: Commons,
    runtimes: Mutex<Runtimes>,
}

#[derive(Debug, Default)]
struct Runtimes {
    /// The highest fence seen of each runtime; never forgotten.
    fences: BTreeMap<RuntimeId, Fence>,
    sessions: BTreeMap<RuntimeId, Arc<Session>>,
    /// Listeners to what does not run yet.
    listening: BTreeMap<RuntimeId, LogHub>,
}

impl NodeExecutor {
    /// Finds Node and tries, in one short run, what it can be held to.
    ///
    /// # Errors
    /// `NotFound`, `TooOld`, `Broken`, `Prepare`.
    pub fn new(config: NodeConfig) -> Result<Self, NodeError> {
        let node = Node::find(config.node.as_deref(), config.path.as_deref())?;
        let files = WorkerFiles::write(config.directory.as_deref())?;
        let commons = Commons {
            outcomes: Arc::new(Outcomes::new(config.outcomes)),
            timer: Timer::start()?,
            pool: ThreadPool::builder()
                .pool_size(HOST_THREADS)
                .name_prefix("node-host-")
                .create()?,
            engine: format!("node {}, worker {PROTOCOL}", node.version),
        };
        Ok(Self {
            node,
            config,
            files,
            commons,
            runtimes: Mutex::default(),
        })
    }

    /// What runs plugins, for people: `node v20.20.2, worker 1`.
    #[must_use]
    pub fn engine(&self) -> &str {
        &self.commons.engine
    }

    /// Ends every worker at once, for a host that has to go; gives how many there were. Executions
    /// under way are told `why`, so whoever waits for them still records how they ended.
    pub fn end_all(&self, why: &str) -> usize {
        let runtimes = lock(&self.runtimes);
        let live = runtimes
            .sessions
            .values()
            .filter(|session| !session.is_over());
        live.map(|session| session.kill(why)).count()
    }

    /// Finds the running worker, or starts one.
    fn launch(
        &self,
        spec: RuntimeSpec,
        host: Arc<dyn HostServices>,
    ) -> Result<Ready, ExecutorError> {
        let checked = check(&spec)?;
        let mut runtimes = lock(&self.runtimes);
        runtimes.pass(spec.runtime, spec.fence)?;
        if let Some(session) = runtimes.sessions.get(&spec.runtime)
            && !session.is_over()
        {
            if session.spec == spec {
                return Ok(session.ready());
            }
            if session.spec.fence == spec.fence {
                let reason = "must grow when a running runtime is to change";
                return Err(ExecutorError::InvalidSpec {
                    violations: Violations::one("fence", reason),
                });
            }
            session.kill("a newer owner started the runtime anew");
        }
        let logs = runtimes.listening.remove(&spec.runtime).unwrap_or_default();
        let (root, first) = (checked.root.to_owned(), checked.first);
        let runtime = spec.runtime;
        let session = self
            .spawn(&root, spec, first, host, logs)
            .map_err(|error| ExecutorError::Unavailable {
                reason: format!("no worker could be started: {error}"),
            })?;
        let ready = session.ready();
        runtimes.sessions.insert(runtime, session);
        Ok(ready)
    }

    fn spawn(
        &self,
        root: &str,
        spec: RuntimeSpec,
        first: plugin_runtime_api::PluginName,
        host: Arc<dyn HostServices>,
        logs: LogHub,
    ) -> std::io::Result<Arc<Session>> {
        let scratch = new_directory("runtime-", Some(self.files.path()))?;
        let (process, mut pipes) = Process::spawn(&Launch {
            node: &self.node.program,
            worker: &self.files.main(),
            scratch: scratch.path(),
            environment: &self.config.environment,
            memory_bytes: spec.limits.memory_bytes,
        })?;
        let process = Spawned(Some(process));
        let writer = FrameWriter::start(pipes.channel.try_clone()?)?;
        let session = Arc::new(Session::new(
            spec,
            first,
            host,
            self.commons.clone(),
            process.keep()?,
            writer,
            logs,
        ));
        let mut drained = Vec::new();
        for (name, pipe, stream) in [
            (
                "node-stdout",
                pipes.stdout.take().map(Pipe::Out),
                LogStream::Stdout,
            ),
            (
                "node-stderr",
                pipes.stderr.take().map(Pipe::Err),
                LogStream::Stderr,
            ),
        ] {
            let Some(pipe) = pipe else { continue };
            let heard = Arc::clone(&session);
            drained.push(thread(name, move || match pipe {
                Pipe::Out(pipe) => heard.logs.drain(pipe, stream),
                Pipe::Err(pipe) => heard.logs.drain(pipe, stream),
            })?);
        }
        let reading = Arc::clone(&session);
        let channel = pipes.channel;
        drained.push(thread("node-reader", move || {
            reader::run(&reading, channel)
        })?);
        let watching = Arc::clone(&session);
        thread("node-watcher", move || {
            let status = watching.process.wait().ok();
            watching.gone();
            for pipe in drained {
                // Something it left behind may hold the other end; that is not waited for.
                let _still_open = pipe.recv_timeout(LAST_WORDS);
            }
            drop(scratch);
            watching.ended(status);
        })?;
        self.tell(&session, root);
        Ok(session)
    }

    /// Tells a new worker what to start, and sets the time for it.
    fn tell(&self, session: &Arc<Session>, root: &str) {
        let weak = Arc::downgrade(session);
        self.commons
            .timer
            .after(session.spec.limits.start(), move || {
                if let Some(session) = weak.upgrade() {
                    session.start_overdue();
                }
            });
        let spec = &session.spec;
        let told = session.send(&ToWorker::Start {
            root,
            agent: spec.agent.to_string(),
            character: &spec.character,
            plugins: spec
                .plugins
                .iter()
                .map(|plugin| PluginToStart {
                    name: plugin.name.as_str(),
                    settings: &plugin.settings,
                    secrets: &plugin.secrets,
                })
                .collect(),
        });
        if let Err(error) = told {
            session.start_failed(ExecutorError::InvalidSpec {
                violations: Violations::one("character", format!("must be smaller: {error}")),
            });
        }
    }
}

#[async_trait]
impl Executor for NodeExecutor {
    fn enforcement(&self, engine: &Engine) -> Option<Enforcement> {
        let mut barriers = BTreeMap::from([
            (Barrier::Time, "the host's clock, SIGKILL".to_owned()),
            (Barrier::Environment, "cleared, explicit list".to_owned()),
        ]);
        if self.node.memory_capped {
            barriers.insert(Barrier::Memory, "rlimit_data".to_owned());
        }
        matches!(engine, Engine::Node).then_some(Enforcement {
            level: IsolationLevel::None,
            barriers,
        })
    }

    async fn start(
        &self,
        spec: RuntimeSpec,
        host: Arc<dyn HostServices>,
    ) -> Result<RuntimeInfo, ExecutorError> {
        if !matches!(spec.engine, Engine::Node) {
            return Err(ExecutorError::UnsupportedEngine {
                engine: spec.engine,
            });
        }
        let ready = self.launch(spec, host)?;
        ready.await
    }

    async fn invoke(
        &self,
        runtime: &RuntimeId,
        call: Invocation,
    ) -> Result<Outcome, ExecutorError> {
        let session = {
            let mut runtimes = lock(&self.runtimes);
            runtimes.pass(*runtime, call.fence)?;
            runtimes.sessions.get(runtime).map(Arc::clone)
        };
        let waiting = match self.commons.outcomes.begin(*runtime, &call.key) {
            Begun::Known(waiting) => waiting,
            Begun::New(ticket, waiting) => {
                let refusal = match session {
                    None => Some(ExecutorError::NotRunning { runtime: *runtime }),
                    // A newer owner has to start it first.
                    Some(it) if it.spec.fence != call.fence => {
                        Some(ExecutorError::NotRunning { runtime: *runtime })
                    }
                    Some(it) => match it
                        .spec
                        .plugins
                        .iter()
                        .position(|p| p.instance == call.instance && p.name == call.plugin)
                    {
                        Some(plugin) => {
                            it.invoke(&call, plugin, ticket);
                            return waiting.await;
                        }
                        None => Some(ExecutorError::NoSuchComponent {
                            plugin: call.plugin,
                            kind: call.kind,
                            name: call.component,
                            available: Vec::new(),
                        }),
                    },
                };
                if let Some(refusal) = refusal {
                    self.commons.outcomes.settle(ticket, Err(refusal));
                }
                waiting
            }
        };
        waiting.await
    }

    async fn cancel(
        &self,
        runtime: &RuntimeId,
        execution: &ExecutionId,
    ) -> Result<(), ExecutorError> {
        let session = lock(&self.runtimes).sessions.get(runtime).map(Arc::clone);
        match session {
            Some(session) if !session.is_over() => {
                session.cancel(execution);
                Ok(())
            }
            _ => Err(ExecutorError::NotRunning { runtime: *runtime }),
        }
    }

    async fn outcome(&self, key: &IdempotencyKey) -> Result<Option<Outcome>, ExecutorError> {
        Ok(self.commons.outcomes.get(key))
    }

    async fn status(&self, runtime: &RuntimeId) -> Result<RuntimeStatus, ExecutorError> {
        let session = lock(&self.runtimes).sessions.get(runtime).map(Arc::clone);
        Ok(session.map_or(RuntimeStatus::Stopped, |session| session.status()))
    }

    async fn stop(
        &self,
        runtime: &RuntimeId,
        fence: Fence,
        grace: Duration,
    ) -> Result<(), ExecutorError> {
        let session = {
            let mut runtimes = lock(&self.runtimes);
            runtimes.pass(*runtime, fence)?;
            runtimes.sessions.get(runtime).map(Arc::clone)
        };
        if let Some(session) = session {
            session.stop(grace).await;
            let mut runtimes = lock(&self.runtimes);
            let same = |it: &Arc<Session>| Arc::ptr_eq(it, &session);
            if runtimes.sessions.get(runtime).is_some_and(same) {
                runtimes.sessions.remove(runtime);
            }
        }
        Ok(())
    }

    fn logs(&self, runtime: &RuntimeId) -> BoxStream<'static, LogLine> {
        let mut runtimes = lock(&self.runtimes);
        match runtimes.sessions.get(runtime) {
            Some(session) if !session.is_over() => session.logs.subscribe(),
            _ => {
                runtimes.listening.retain(|_, hub| hub.is_heard());
                runtimes.listening.entry(*runtime).or_default().subscribe()
            }
        }
    }
}

impl Runtimes {
    /// Lets an owner pass whose fence is not below the highest seen.
    fn pass(&mut self, runtime: RuntimeId, given: Fence) -> Result<(), ExecutorError> {
        let seen = self.fences.entry(runtime).or_default();
        if given < *seen {
            return Err(ExecutorError::StaleFence {
                runtime,
                given,
                seen: *seen,
            });
        }
        *seen = given;
        Ok(())
    }
}

impl Drop for NodeExecutor {
    /// Ends every worker, and waits a moment until they are gone with what they wrote.
    fn drop(&mut self) {
        let sessions = std::mem::take(&mut lock(&self.runtimes).sessions);
        for session in sessions.values() {
            session.kill("the executor was dropped");
        }
        let patience = now() + LAST_WORDS * 2;
        while now() < patience && !sessions.values().all(|it| it.has_ended()) {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

impl fmt::Debug for NodeExecutor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NodeExecutor")
            .field("node", &self.node)
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

enum Pipe {
    Out(std::process::ChildStdout),
    Err(std::process::ChildStderr),
}

/// A process that is ended unless it is kept: nothing outlives a start that failed half way.
struct Spawned(Option<Process>);

impl Spawned {
    fn keep(mut self) -> std::io::Result<Process> {
        self.0
            .take()
            .ok_or_else(|| std::io::ErrorKind::NotFound.into())
    }
}

impl Drop for Spawned {
    fn drop(&mut self) {
        if let Some(process) = self.0.take() {
            process.kill();
            let _status = process.wait();
        }
    }
}

/// Runs `work` on a thread of its own; the receiver wakes when it is done.
fn thread(name: &str, work: impl FnOnce() + Send + 'static) -> std::io::Result<mpsc::Receiver<()>> {
    let (sender, receiver) = mpsc::channel();
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || {
            work();
            let _nobody_waits = sender.send(());
        })?;
    Ok(receiver)
}
