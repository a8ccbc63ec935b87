//! What executors say of an instance, beside what its row says.

use one_ontology::{ThingId, Timestamp, vocabulary};
use plugin_runtime_api::{Fence, RuntimeId, RuntimeStatus};
use serde::{Deserialize, Serialize};

use crate::{PluginInstance, State, StateKind};

/// What an executor says of an instance's runtimes, and what is odd about that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// When it was asked.
    pub at: Timestamp,
    /// Which instance.
    pub instance: ThingId,
    /// What its row says it is.
    pub state: StateKind,
    /// The fence of its row.
    pub fence: Fence,
    /// Its own runtime first, then those of agents, then those that may be left.
    pub runtimes: Vec<ProbedRuntime>,
}

impl Probe {
    /// Whether everything runs, and nothing else does, as the row says.
    #[must_use]
    pub fn is_as_expected(&self) -> bool {
        let mut runtimes = self.runtimes.iter();
        runtimes.all(|it| it.finding == Finding::AsExpected)
    }
}

/// What an executor says of one runtime.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbedRuntime {
    /// Which.
    pub runtime: RuntimeId,
    /// What the instance has it for.
    pub part: RuntimePart,
    /// What the executor says.
    pub answer: Answered,
    /// What that means beside the row.
    pub finding: Finding,
}

/// What an executor answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answered {
    /// It runs.
    Running {
        /// Under which fence.
        fence: Fence,
        /// How many executions are under way.
        in_flight: u32,
    },
    /// It ended by itself. How is not repeated here: those are a plugin's words.
    Crashed {
        /// The fence it ran under.
        fence: Fence,
    },
    /// It does not run.
    Stopped,
    /// The executor gave an error.
    Failed {
        /// Its tag.
        error: String,
    },
    /// The executor gave no answer in time.
    Silent,
}

impl From<RuntimeStatus> for Answered {
    fn from(status: RuntimeStatus) -> Self {
        match status {
            RuntimeStatus::Running { fence, in_flight } => Self::Running { fence, in_flight },
            RuntimeStatus::Crashed { fence, .. } => Self::Crashed { fence },
            RuntimeStatus::Stopped => Self::Stopped,
        }
    }
}

vocabulary! {
    /// What an instance has a runtime for.
    closed RuntimePart ("`own`, `agent` or `stray`") {
        /// It is the one that it runs in.
        Own = "own",
        /// An agent uses it there.
        Agent = "agent",
        /// It may be left of what was stopped.
        Stray = "stray",
    }
}

vocabulary! {
    /// What the answer of an executor means beside a row.
    closed Finding ("a finding of a probe") {
        /// It is as the row says.
        AsExpected = "AsExpected",
        /// It should run and does not: its next use starts it.
        Gone = "Gone",
        /// It should run and ended by itself: its next use starts it anew.
        Crashed = "Crashed",
        /// It runs under a lower fence than the row has: its next use replaces it.
        OldFence = "OldFence",
        /// It says that it runs under a fence that nobody has given: its executor, or the row, is not to be believed.
        FenceAhead = "FenceAhead",
        /// It runs, and the row says that nothing of it does: `recover` stops it where it is in ERROR, `uninstall` otherwise.
        Zombie = "Zombie",
        /// It has fewer executions under way than the row: those ended, and nobody has written how yet.
        FewerUnderWay = "FewerUnderWay",
        /// It has more executions under way than the row: somebody runs what was not admitted, or is about to end.
        MoreUnderWay = "MoreUnderWay",
        /// Nobody can tell: its executor gave an error, or no answer in time.
        Unanswered = "Unanswered",
    }
}

/// What the answer of an executor on one runtime means beside the row of its instance.
#[must_use]
pub fn finding(instance: &PluginInstance, part: RuntimePart, answer: &Answered) -> Finding {
    let expected = expected(instance, part);
    match (answer, expected) {
        (Answered::Failed { .. } | Answered::Silent, _) => Finding::Unanswered,
        (Answered::Running { .. }, Expected::Stopped) => Finding::Zombie,
        (Answered::Running { fence, .. }, _) if *fence > instance.fence => Finding::FenceAhead,
        (Answered::Running { fence, .. }, Expected::Running) if *fence < instance.fence => {
            Finding::OldFence
        }
        (Answered::Running { in_flight, .. }, Expected::Running) if part == RuntimePart::Own => {
            let own = instance.executions.values().filter(|it| it.seat.is_none());
            match (*in_flight as usize).cmp(&own.count()) {
                std::cmp::Ordering::Less => Finding::FewerUnderWay,
                std::cmp::Ordering::Equal => Finding::AsExpected,
                std::cmp::Ordering::Greater => Finding::MoreUnderWay,
            }
        }
        (Answered::Crashed { .. }, Expected::Running) if part == RuntimePart::Own => {
            Finding::Crashed
        }
        (Answered::Stopped, Expected::Running) if part == RuntimePart::Own => Finding::Gone,
        (Answered::Running { .. } | Answered::Crashed { .. } | Answered::Stopped, _) => {
            Finding::AsExpected
        }
    }
}

enum Expected {
    Running,
    Stopped,
    /// Something is under way that starts or stops it.
    Either,
}

/// What the row says of a runtime. Those of agents start when they are first used, and strays may have ended.
const fn expected(instance: &PluginInstance, part: RuntimePart) -> Expected {
    match (instance.lifecycle, part) {
        (State::Active | State::Executing { .. }, RuntimePart::Own | RuntimePart::Agent) => {
            Expected::Running
        }
        (State::Active | State::Executing { .. }, RuntimePart::Stray)
        | (
            State::Activating
            | State::Deactivating { .. }
            | State::Updating { .. }
            | State::RollingBack { .. },
            _,
        ) => Expected::Either,
        (
            State::Discovered
            | State::Installing
            | State::Installed
            | State::Suspended
            | State::Error
            | State::Failed { .. }
            | State::Uninstalling
            | State::Uninstalled,
            _,
        ) => Expected::Stopped,
    }
}
