//! The invariants by their names, and what does not hold one.

use std::fmt;

/// Something that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    /// The invariant.
    pub invariant: &'static str,
    /// What does not hold it.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.invariant, self.what)
    }
}

/// Each invariant, by its name.
pub const INVARIANTS: &[&str] = &[
    "absent means nothing runs",
    "absent means no connections",
    "absent means no secrets",
    "a row knows of every secret",
    "absent means no snapshots",
    "no more snapshots than are kept",
    "at rest means not running",
    "active means the committed version",
    "no second runtime is left over",
    "nothing runs for whom nothing says so",
    "powers follow from uses",
    "agents are counted exactly",
    "no runtime is ahead of its row",
    "nobody acts under a fence that is not written",
    "in flight only where allowed",
    "an operation is under way exactly in transient states",
    "the trail says where an instance is",
    "connected exactly when installed",
    "connected to what it runs with",
    "plugins are counted exactly",
    "places are counted exactly",
    "executions are counted exactly",
    "an execution ends once",
    "no execution is lost",
    "nothing is run twice",
    "nothing is run unsaid",
    "nobody is told who is gone",
    "told in order",
    "what is known to be revoked does not run",
    "what runs has the settings of its row",
    "what runs has no secret that was destroyed",
    "events are numbered without gaps",
];
