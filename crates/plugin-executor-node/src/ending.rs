//! Why a worker ended, from the evidence there is.

use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;

use plugin_runtime_api::{Ending, ExecutorError, PluginFailure, PluginName};

/// Why a worker ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The host wanted it.
    Stopped,
    /// It met its memory bound.
    OutOfMemory { limit_bytes: u64 },
    /// Anything else, in words.
    Crashed { reason: String },
}

impl End {
    /// Reads the evidence: what the host did to it, its exit status, its last words on the channel
    /// and on standard error.
    pub(crate) fn judge(
        killed: Option<&str>,
        status: Option<ExitStatus>,
        last_words: Option<&PluginFailure>,
        stderr: &str,
        limit_bytes: u64,
    ) -> Self {
        let said = last_words.map_or("", |failure| failure.message.as_str());
        if killed.is_none() && (is_about_memory(stderr) || is_about_memory(said)) {
            return Self::OutOfMemory { limit_bytes };
        }
        let how = match status.map(|status| (status.code(), status.signal())) {
            Some((Some(code), _)) => format!("the worker exited with code {code}"),
            // V8 dies so when buffers and heap together meet the bound.
            Some((None, Some(11))) => {
                "the worker was ended by signal 11, perhaps for want of memory".to_owned()
            }
            Some((None, Some(signal))) => format!("the worker was ended by signal {signal}"),
            _ => "the worker ended".to_owned(),
        };
        let reason = match (killed, last_words) {
            (Some(why), _) => why.to_owned(),
            (None, Some(failure)) => format!("{how}: {}: {}", failure.name, failure.message),
            (None, None) => how,
        };
        Self::Crashed { reason }
    }

    /// What this is to an execution in the middle of which it happened.
    pub(crate) fn of_execution(&self) -> Ending {
        match self {
            Self::Stopped => Ending::Cancelled,
            Self::OutOfMemory { limit_bytes } => Ending::OutOfMemory {
                limit_bytes: *limit_bytes,
            },
            Self::Crashed { reason } => Ending::Crashed {
                reason: reason.clone(),
            },
        }
    }

    /// What this is to a start in the middle of which it happened.
    pub(crate) fn of_start(&self, plugin: PluginName, stage: &str) -> ExecutorError {
        let (name, message) = match self {
            Self::Stopped => ("Stopped", "it was stopped meanwhile".to_owned()),
            Self::OutOfMemory { limit_bytes } => (
                "OutOfMemory",
                format!("it needs more than the {limit_bytes} bytes of memory it may use"),
            ),
            Self::Crashed { reason } => ("Crashed", reason.clone()),
        };
        ExecutorError::StartFailed {
            plugin,
            failure: PluginFailure {
                name: name.to_owned(),
                message: format!("{stage}: {message}"),
                stack: None,
            },
        }
    }

    /// In words.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Stopped => "it was stopped".to_owned(),
            Self::OutOfMemory { limit_bytes } => {
                format!("it used more than {limit_bytes} bytes of memory")
            }
            Self::Crashed { reason } => reason.clone(),
        }
    }
}

/// Whether Node or V8 says that memory ran out.
pub(crate) fn is_about_memory(text: &str) -> bool {
    const SIGNS: [&str; 7] = [
        "JavaScript heap out of memory",
        "Fatal process out of memory",
        "Array buffer allocation failed",
        "Committing semi space failed",
        "OOM error in V8",
        "std::bad_alloc",
        "Cannot allocate memory",
    ];
    SIGNS.iter().any(|sign| text.contains(sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_evidence_decides() {
        let exit = |code: i32| Some(ExitStatus::from_raw(code << 8));
        let signal = |number: i32| Some(ExitStatus::from_raw(number));
        let words = |message: &str| {
            Some(PluginFailure {
                name: "Error".to_owned(),
                message: message.to_owned(),
                stack: None,
            })
        };
        let check = |killed, status, last: Option<PluginFailure>, stderr, expected: &str| {
            let end = End::judge(killed, status, last.as_ref(), stderr, 7);
            assert_eq!(end.words(), expected);
        };
        let oom = "it used more than 7 bytes of memory";
        check(None, exit(3), None, "", "the worker exited with code 3");
        check(
            None,
            signal(9),
            None,
            "",
            "the worker was ended by signal 9",
        );
        let segmentation = "the worker was ended by signal 11, perhaps for want of memory";
        check(None, signal(11), None, "", segmentation);
        check(
            None,
            exit(70),
            words("x"),
            "",
            "the worker exited with code 70: Error: x",
        );
        check(
            None,
            signal(6),
            None,
            "... JavaScript heap out of memory",
            oom,
        );
        check(
            None,
            exit(70),
            words("Array buffer allocation failed"),
            "",
            oom,
        );
        // What the host did explains the end better than anything the code inside printed.
        check(
            Some("too slow"),
            signal(9),
            None,
            "Cannot allocate memory",
            "too slow",
        );
        check(None, None, None, "", "the worker ended");
    }
}
