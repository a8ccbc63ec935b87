//! Running components.

use std::convert::Infallible;
use std::io::Read as _;
use std::process::ExitCode;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

use futures::executor::block_on;
use one_ontology::ThingId;
use plugin_lifecycle::{Call, Tenant};
use plugin_runtime_api::{ComponentKind, Ending};
use serde_json::Value;

use super::{agents, name, planning};
use crate::cli::{ExecArgs, Kind};
use crate::failure::Failure;
use crate::interrupt::{self, INTERRUPTED};
use crate::output::Output;
use crate::session::Session;

/// The largest input that is read.
const MAX_INPUT: u64 = 8 << 20;

pub(crate) fn exec(
    session: &Session,
    args: &ExecArgs,
    output: &Output,
) -> Result<ExitCode, Failure> {
    let input = input(&args.input)?;
    let tenant = session.tenant()?;
    let plugin = name::installed(&tenant, &args.package)?;
    session.lend_secrets(&tenant, &plugin)?;
    let kind = match args.kind {
        Kind::Action => ComponentKind::Action,
        Kind::Provider => ComponentKind::Provider,
        Kind::Evaluator => ComponentKind::Evaluator,
        Kind::Model => ComponentKind::Model,
        Kind::Event => ComponentKind::Event,
        Kind::Route => ComponentKind::Route,
    };
    let mut call = Call::of(kind, &args.component, input)?;
    let agent = args.agent.as_deref();
    let agent = agent
        .map(|agent| agents::find(&tenant, agent))
        .transpose()?;
    call.agent = agent.map(|agent| agent.id);
    call.timeout = args.timeout.map(|s| Duration::from_secs(u64::from(s)));
    let heeding = Heeding::start(tenant.clone(), plugin.instance);
    let execution = block_on(tenant.call(plugin.instance, call))
        .map_err(|error| planning::no_node(session, error.into()))?;
    drop(heeding);
    output.say(&execution, || words(&execution.outcome.ending));
    Ok(code(&execution.outcome.ending))
}

/// How this program ends when what it ran has ended.
pub(super) fn code(ending: &Ending) -> ExitCode {
    match ending {
        Ending::Succeeded { .. } => ExitCode::SUCCESS,
        Ending::Cancelled if interrupt::was_asked() => ExitCode::from(INTERRUPTED),
        _ => ExitCode::from(1),
    }
}

/// How often others are heard who ask for the end of what runs here.
const HEARD: Duration = Duration::from_secs(1);

/// Ends what runs of an instance here when `cancel` asks for that, which is always another process.
pub(super) struct Heeding {
    _until_dropped: Sender<Infallible>,
}

impl Heeding {
    pub(super) fn start(tenant: Tenant, instance: ThingId) -> Self {
        let (alive, ended) = channel::<Infallible>();
        std::thread::spawn(move || {
            while ended.recv_timeout(HEARD) == Err(RecvTimeoutError::Timeout) {
                // What cannot be asked now is asked again.
                drop(block_on(tenant.pass_cancels(instance)));
            }
        });
        Self {
            _until_dropped: alive,
        }
    }
}

/// How an execution ended, as people read it.
pub(crate) fn words(ending: &Ending) -> String {
    match ending {
        Ending::Succeeded { output } => said(output),
        Ending::Refused { reason } => format!("refused by the plugin itself: {reason}"),
        Ending::Failed { error } => format!("the plugin failed: {}: {}", error.name, error.message),
        Ending::TimedOut { after_ms } => {
            format!("ended after {after_ms} ms, as long as it may take")
        }
        Ending::OutOfMemory { limit_bytes } => {
            format!(
                "ended: it wanted more than {} MB of memory",
                limit_bytes / 1_000_000
            )
        }
        Ending::Crashed { reason } => format!("the runtime crashed: {reason}"),
        Ending::Cancelled => "cancelled".to_owned(),
    }
}

/// What an action said, else its output as JSON.
fn said(output: &Value) -> String {
    let responses = output.get("responses").and_then(Value::as_array);
    let texts: Vec<&str> = responses
        .into_iter()
        .flatten()
        .filter_map(|response| response.get("text")?.as_str())
        .collect();
    if texts.is_empty() {
        let text = output.get("text").and_then(Value::as_str);
        return text.map_or_else(
            || serde_json::to_string_pretty(output).unwrap_or_default(),
            str::to_owned,
        );
    }
    texts.join("\n")
}

pub(crate) fn input(given: &str) -> Result<Value, Failure> {
    let unreadable = |reason: String| Failure::new("InputUnreadable", reason);
    let text = if given == "-" {
        read(std::io::stdin().lock()).map_err(unreadable)?
    } else if let Some(file) = given.strip_prefix('@') {
        let opened = std::fs::File::open(file).map_err(|e| unreadable(format!("`{file}`: {e}")))?;
        read(opened).map_err(unreadable)?
    } else {
        given.to_owned()
    };
    serde_json::from_str(&text)
        .map_err(|error| unreadable(format!("the input is no JSON: {error}")))
}

fn read(from: impl std::io::Read) -> Result<String, String> {
    let mut text = String::new();
    from.take(MAX_INPUT + 1)
        .read_to_string(&mut text)
        .map_err(|error| error.to_string())?;
    if text.len() as u64 > MAX_INPUT {
        return Err(format!("the input is larger than {MAX_INPUT} bytes"));
    }
    Ok(text)
}
