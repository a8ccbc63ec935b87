//! Finding Node, and finding out what it can be held to.

use std::ffi::OsStr;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::process::Pid;

use crate::error::NodeError;
use crate::process::limit;

/// The oldest major version that runs elizaOS packages.
const OLDEST: u32 = 20;
/// The canary gets less than it then asks for.
const CANARY_LIMIT: u64 = 256 << 20;
/// Waits until it may go on, says its version, and tries to take more memory than it may.
const CANARY: &str = "require('fs').readFileSync(0);let capped=true;\
    try{Buffer.alloc(2**29,1);capped=false}catch{}\
    console.log(process.version+' '+capped)";

/// A Node that was tried.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) program: PathBuf,
    /// `v20.20.2`.
    pub(crate) version: String,
    /// Whether a memory bound really binds it.
    pub(crate) memory_capped: bool,
}

impl Node {
    /// The program itself, or the first `node` of a `PATH`.
    pub(crate) fn find(program: Option<&Path>, path: Option<&OsStr>) -> Result<Self, NodeError> {
        let not_found = |searched: String| NodeError::NotFound { searched };
        let program = match (program, path) {
            (Some(program), _) if program.is_file() => program.to_owned(),
            (Some(program), _) => return Err(not_found(format!("`{}`", program.display()))),
            (None, Some(path)) => std::env::split_paths(path)
                .filter(|directory| directory.is_absolute())
                .map(|directory| directory.join("node"))
                .find(|candidate| candidate.is_file())
                .ok_or_else(|| not_found("any directory of PATH".to_owned()))?,
            (None, None) => return Err(not_found("PATH, which is not set".to_owned())),
        };
        Self::probe(program)
    }

    /// One short run tells the version and whether the memory bound holds.
    fn probe(program: PathBuf) -> Result<Self, NodeError> {
        let broken = |reason: String| NodeError::Broken {
            node: program.clone(),
            reason,
        };
        let mut child = Command::new(&program)
            .args(["-e", CANARY])
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| broken(error.to_string()))?;
        let limited = limit(Pid::from_child(&child), CANARY_LIMIT).is_ok();
        if let Some(mut stdin) = child.stdin.take() {
            // Fails only if it has ended, which the answer shows.
            let _ended = stdin.write_all(b"go");
        }
        let mut said = String::new();
        if let Some(stdout) = child.stdout.take() {
            let _unreadable = stdout.take(256).read_to_string(&mut said);
        }
        let status = child.wait().map_err(|error| broken(error.to_string()))?;
        let Some((version, capped)) = said.trim().split_once(' ') else {
            return Err(broken(format!("it said nothing and ended with {status}")));
        };
        let major = version
            .strip_prefix('v')
            .and_then(|it| it.split('.').next())
            .and_then(|it| it.parse::<u32>().ok())
            .ok_or_else(|| broken("its version cannot be read".to_owned()))?;
        if major < OLDEST {
            return Err(NodeError::TooOld {
                node: program,
                found: version.to_owned(),
                needed: OLDEST,
            });
        }
        Ok(Self {
            version: version.to_owned(),
            memory_capped: limited && capped == "true",
            program,
        })
    }
}
