//! What the worker says: frames in, answers and host calls out.

use std::collections::BTreeSet;
use std::io::BufReader;
use std::os::unix::net::UnixStream;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use plugin_runtime_api::{
    CallContext, Component, DescribedPlugin, Ending, ExecutionId, ExecutorError, HostCall,
    HostError, LogStream, PluginFailure, RuntimeInfo,
};
use serde_json::Value;

use crate::clock::now;
use crate::ending::is_about_memory;
use crate::frame::{self, FrameError};
use crate::lock::lock;
use crate::session::{Phase, Session, failed};
use crate::wire::{Answer, FromWorker, PROTOCOL, StartedPlugin, ToWorker};

/// Host calls of one worker under way at once.
const MAX_CALLS: usize = 4_096;
/// How long a worker may live without its channel.
const MUTE: Duration = Duration::from_millis(200);

/// Reads until the channel ends. What is no frame ends the worker.
pub(crate) fn run(session: &Arc<Session>, channel: UnixStream) {
    let mut channel = BufReader::with_capacity(64 << 10, channel);
    loop {
        match frame::read(&mut channel) {
            Ok(Some(body)) => match serde_json::from_slice(&body) {
                Ok(message) => handle(session, message, body.len() as u64),
                Err(error) => {
                    session.kill(&format!("the worker sent what is no frame: {error}"));
                    break;
                }
            },
            Err(error @ FrameError::TooLarge(_)) => {
                session.kill(&format!("the worker sent {error}"));
                break;
            }
            Ok(None) | Err(FrameError::Io(_)) => break,
        }
    }
    // Mostly because it has ended. One that closed its channel and lives on is ended.
    let weak = Arc::downgrade(session);
    session.commons.timer.after(MUTE, move || {
        if let Some(session) = weak.upgrade()
            && !session.is_over()
        {
            session.kill("the worker closed its channel");
        }
    });
}

fn handle(session: &Arc<Session>, message: FromWorker, bytes: u64) {
    match message {
        FromWorker::Hello { protocol } if protocol == PROTOCOL => {}
        FromWorker::Hello { protocol } => session.kill(&format!(
            "the worker speaks protocol {protocol} instead of {PROTOCOL}"
        )),
        FromWorker::Progress { stage, plugin } => {
            let mut state = lock(&session.state);
            if let Phase::Starting {
                stage: at,
                plugin: of,
                ..
            } = &mut state.phase
            {
                *at = clip(stage, 300);
                *of = plugin;
            }
        }
        FromWorker::Started { plugins } => session.started(describe(session, plugins)),
        FromWorker::Failed { plugin, failure } => {
            session.start_failed(ExecutorError::StartFailed {
                plugin: session.plugin_name(plugin),
                failure: bounded(failure),
            });
        }
        FromWorker::Call {
            id,
            plugin,
            execution,
            call,
        } => answer(session, id, plugin, execution, call, bytes),
        FromWorker::Ended { id, ending } => {
            session.answered(id, Ok(judge(session, ending, bytes)), bytes);
        }
        FromWorker::Absent { id, available } => absent(session, id, available),
        FromWorker::Log { level, text } => session
            .logs
            .publish(LogStream::Logger, &format!("{}: {text}", clip(level, 16))),
        FromWorker::Fatal { error } => lock(&session.state).last_words = Some(bounded(error)),
        FromWorker::Stopped {} => {
            for waiting in std::mem::take(&mut lock(&session.state).stopped) {
                let _nobody_waits = waiting.send(());
            }
        }
    }
}

/// The ending that is believed. A worker may say that it succeeded, refused or failed; the rest is
/// for the host to find.
fn judge(session: &Session, ending: Ending, bytes: u64) -> Ending {
    // The frame around an output takes less than this.
    const FRAME: u64 = 256;
    let limit = session.spec.limits.output_bytes;
    match ending {
        Ending::Succeeded { .. } if bytes > limit.saturating_add(FRAME) => failed(
            "OutputTooLarge",
            format!("the output is larger than {limit} bytes"),
        ),
        Ending::Failed { error } if is_about_memory(&error.message) => Ending::OutOfMemory {
            limit_bytes: session.spec.limits.memory_bytes,
        },
        Ending::Failed { error } => Ending::Failed {
            error: bounded(error),
        },
        Ending::Refused { reason } => Ending::Refused {
            reason: clip(reason, 4_000),
        },
        succeeded @ Ending::Succeeded { .. } => succeeded,
        other => failed(
            "ProtocolViolated",
            format!("the worker claimed the ending `{}`", other.name()),
        ),
    }
}

fn absent(session: &Session, id: u64, mut available: Vec<String>) {
    available.truncate(50);
    let asked = lock(&session.state)
        .executions
        .get(&id)
        .map(|execution| execution.call.clone());
    let Some(asked) = asked else {
        lock(&session.state).strays += 1;
        return;
    };
    let error = ExecutorError::NoSuchComponent {
        plugin: asked.plugin,
        kind: asked.kind,
        name: asked.name,
        available: available.into_iter().map(|it| clip(it, 256)).collect(),
    };
    session.answered(id, Err(error), 0);
}

fn describe(session: &Session, started: Vec<StartedPlugin>) -> RuntimeInfo {
    let mut started = started.into_iter();
    let plugins = session
        .spec
        .plugins
        .iter()
        .map(|plugin| {
            let (components, mut warnings) = started
                .next()
                .map_or_else(Default::default, |it| (it.components, it.warnings));
            warnings.truncate(100);
            let mut warnings: Vec<String> = warnings.into_iter().map(|it| clip(it, 500)).collect();
            let mut seen = BTreeSet::new();
            let components = components
                .into_iter()
                .filter_map(|value| match serde_json::from_value::<Component>(value) {
                    Ok(it) => seen.insert((it.kind, it.name.clone())).then_some(it),
                    Err(error) => {
                        warnings.push(format!("a component is left out: {error}"));
                        None
                    }
                })
                .collect();
            DescribedPlugin {
                instance: plugin.instance,
                name: plugin.name.clone(),
                version: plugin.version.clone(),
                components,
                warnings,
            }
        })
        .collect();
    let took = now().saturating_duration_since(session.began);
    RuntimeInfo {
        runtime: session.spec.runtime,
        fence: session.spec.fence,
        plugins,
        start_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        engine: session.commons.engine.clone(),
    }
}

/// Answers one call of plugin code.
fn answer(
    session: &Arc<Session>,
    id: u64,
    plugin: usize,
    execution: Option<ExecutionId>,
    call: Value,
    bytes: u64,
) {
    let name = call.get("call").and_then(Value::as_str).map_or_else(
        || "a call without a name".to_owned(),
        |it| clip(it.to_owned(), 64),
    );
    let admitted = admit(session, &name, plugin, execution, bytes)
        .and_then(|context| Ok((context, parse(&name, call)?)));
    let (context, call) = match admitted {
        Ok(admitted) => admitted,
        Err(error) => return reply(session, id, execution, Err(error)),
    };
    lock(&session.state).calls += 1;
    let session = Arc::clone(session);
    let pool = session.commons.pool.clone();
    pool.spawn_ok(async move {
        let answered = AssertUnwindSafe(session.host.call(&context, call))
            .catch_unwind()
            .await;
        lock(&session.state).calls -= 1;
        let result = match answered {
            Ok(Ok(value)) => serde_json::to_value(value).map_err(|error| HostError::Unavailable {
                call: name,
                reason: format!("its answer is no JSON: {error}"),
            }),
            Ok(Err(error)) => Err(error),
            Err(_panic) => Err(HostError::Unavailable {
                call: name,
                reason: "the host failed".to_owned(),
            }),
        };
        reply(&session, id, context.execution, result);
    });
}

/// Who asks, from what is known here: the worker's word only chooses among the plugins and the
/// executions of its own runtime.
fn admit(
    session: &Session,
    name: &str,
    plugin: usize,
    execution: Option<ExecutionId>,
    bytes: u64,
) -> Result<CallContext, HostError> {
    let refuse = |reason: String| HostError::Unavailable {
        call: name.to_owned(),
        reason,
    };
    let mut state = lock(&session.state);
    if state.calls >= MAX_CALLS {
        return Err(refuse(format!("{MAX_CALLS} host calls are under way")));
    }
    let mut within = None;
    if let Some(known) = state
        .executions
        .values_mut()
        .find(|it| Some(it.id) == execution)
    {
        if !known.is_awaited() {
            return Err(refuse("the execution was cancelled".to_owned()));
        }
        let limit = session.spec.limits.host_calls;
        if known.usage.host_calls >= limit {
            return Err(refuse(format!(
                "at most {limit} host calls in one execution"
            )));
        }
        known.usage.host_calls += 1;
        known.usage.bytes_out += bytes;
        within = Some(known.id);
    }
    drop(state);
    let spec = &session.spec;
    let asking = spec.plugins.get(plugin).or(spec.plugins.first());
    Ok(CallContext {
        group: spec.group,
        agent: spec.agent,
        runtime: spec.runtime,
        fence: spec.fence,
        instance: asking.map_or(spec.agent, |plugin| plugin.instance),
        execution: within,
    })
}

fn parse(name: &str, call: Value) -> Result<HostCall, HostError> {
    if !HostCall::NAMES.contains(&name) {
        return Err(HostError::Unsupported {
            call: name.to_owned(),
        });
    }
    serde_json::from_value(call).map_err(|error| HostError::Invalid {
        call: name.to_owned(),
        reason: clip(error.to_string(), 500),
    })
}

fn reply(
    session: &Session,
    id: u64,
    execution: Option<ExecutionId>,
    result: Result<Value, HostError>,
) {
    let answer = match result {
        Ok(value) => Answer::Value(value),
        Err(error) => Answer::Error {
            tag: error.tag().to_owned(),
            message: error.to_string(),
        },
    };
    let sent = session.send(&ToWorker::Reply { id, answer });
    match sent {
        Ok(bytes) => {
            let mut state = lock(&session.state);
            if let Some(known) = state
                .executions
                .values_mut()
                .find(|it| Some(it.id) == execution)
            {
                known.usage.bytes_in += bytes;
            }
        }
        Err(error) => {
            let answer = Answer::Error {
                tag: "HostUnavailable".to_owned(),
                message: format!("the answer cannot be sent: {error}"),
            };
            // An error is small; it always fits.
            let _sent = session.send(&ToWorker::Reply { id, answer });
        }
    }
}

fn bounded(failure: PluginFailure) -> PluginFailure {
    PluginFailure {
        name: clip(failure.name, 200),
        message: clip(failure.message, 4_000),
        stack: failure.stack.map(|stack| clip(stack, 8_000)),
    }
}

/// At most `limit` bytes.
fn clip(mut text: String, limit: usize) -> String {
    if text.len() > limit {
        text.truncate(text.floor_char_boundary(limit));
        text.push('…');
    }
    text
}
