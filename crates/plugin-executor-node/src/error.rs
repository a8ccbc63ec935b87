//! Why there is no Node executor on this machine.

use std::path::PathBuf;

/// Why a [`NodeExecutor`](crate::NodeExecutor) cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NodeError {
    /// Install Node, or say where it is.
    #[error("there is no `node` in {searched}")]
    NotFound {
        /// Where was looked, in words.
        searched: String,
    },
    /// Install a newer one.
    #[error("`{}` is Node {found}; version {needed} or later is needed", node.display())]
    TooOld {
        /// The program.
        node: PathBuf,
        /// Its version, as it says.
        found: String,
        /// The oldest major version that will do.
        needed: u32,
    },
    /// It is there but does not do what Node does.
    #[error("`{}` does not run as Node: {reason}", node.display())]
    Broken {
        /// The program.
        node: PathBuf,
        /// What happened, in words.
        reason: String,
    },
    /// Look at the machine: no space, no threads, no permission.
    #[error("the worker could not be prepared")]
    Prepare {
        /// The system's error.
        #[from]
        source: std::io::Error,
    },
}

impl NodeError {
    /// Each tag, with what to do about it.
    pub const TAGS: &'static [(&'static str, &'static str)] = &[
        (
            "NodeNotFound",
            "install Node 20 or later, or say where it is",
        ),
        ("NodeTooOld", "install Node 20 or later"),
        (
            "NodeBroken",
            "run the program yourself; it does not behave like Node",
        ),
        (
            "NodeWorkerUnprepared",
            "look at the machine: the directory for temporary files, its space and permissions",
        ),
    ];

    /// The stable machine name.
    #[must_use]
    pub const fn tag(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "NodeNotFound",
            Self::TooOld { .. } => "NodeTooOld",
            Self::Broken { .. } => "NodeBroken",
            Self::Prepare { .. } => "NodeWorkerUnprepared",
        }
    }
}
