//! One worker process: spawned with nothing of the host but its channel, limited, ended as a group,
//! never left as a zombie.

use std::fs::File;
use std::io::{self, Read as _, Seek as _};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::Mutex;

use command_fds::{CommandFdExt as _, FdMapping};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions};

use crate::lock::lock;

/// The descriptor on which the worker speaks frames.
const CHANNEL_FD: i32 = 3;

/// How a worker is to be started.
#[derive(Debug)]
pub(crate) struct Launch<'a> {
    pub(crate) node: &'a Path,
    pub(crate) worker: &'a Path,
    /// Its working directory, home and temporary directory.
    pub(crate) scratch: &'a Path,
    pub(crate) environment: &'a std::collections::BTreeMap<String, String>,
    pub(crate) memory_bytes: u64,
}

/// The ends of the pipes to a worker.
#[derive(Debug)]
pub(crate) struct Pipes {
    pub(crate) channel: UnixStream,
    pub(crate) stdout: Option<ChildStdout>,
    pub(crate) stderr: Option<ChildStderr>,
}

/// A worker process.
#[derive(Debug)]
pub(crate) struct Process {
    pid: Pid,
    /// `None` once it is reaped, after which its number may be somebody else's.
    child: Mutex<Option<Child>>,
    memory: Mutex<Option<File>>,
}

impl Process {
    pub(crate) fn spawn(launch: &Launch<'_>) -> io::Result<(Self, Pipes)> {
        let (ours, theirs) = UnixStream::pair()?;
        let mut command = Command::new(launch.node);
        // Half of the bound for JavaScript's own heap: where the heap alone takes three quarters,
        // V8's bookkeeping meets the bound first and dies without saying why (tried on Node 20).
        let heap_mb = (launch.memory_bytes >> 20) / 2;
        command
            .arg(format!("--max-old-space-size={}", heap_mb.max(32)))
            .arg("--experimental-import-meta-resolve")
            .arg("--no-warnings")
            .arg(launch.worker)
            .current_dir(launch.scratch)
            .env_clear()
            .env("HOME", launch.scratch)
            .env("TMPDIR", launch.scratch)
            .env("NODE_ENV", "production")
            .env("NO_COLOR", "1")
            .envs(launch.environment)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        command
            .fd_mappings(vec![FdMapping {
                parent_fd: theirs.into(),
                child_fd: CHANNEL_FD,
            }])
            .map_err(io::Error::other)?;
        let mut child = command.spawn()?;
        drop(command);
        let pid = Pid::from_child(&child);
        let pipes = Pipes {
            channel: ours,
            stdout: child.stdout.take(),
            stderr: child.stderr.take(),
        };
        let memory = File::open(format!("/proc/{}/statm", child.id())).ok();
        let process = Self {
            pid,
            child: Mutex::new(Some(child)),
            memory: Mutex::new(memory),
        };
        // No plugin code runs before it is told to, which is after this.
        if let Err(error) = limit(pid, launch.memory_bytes) {
            process.kill();
            let _status = process.wait();
            return Err(error);
        }
        Ok((process, pipes))
    }

    /// Ends it and everything it started, at once. Does nothing once it has ended.
    pub(crate) fn kill(&self) {
        if lock(&self.child).is_some() {
            // Fails only when there is nothing left to kill.
            let _gone = rustix::process::kill_process_group(self.pid, Signal::KILL);
        }
    }

    /// Waits until it ends, then ends what it left behind and reaps it. To be called once, from
    /// a thread of its own.
    pub(crate) fn wait(&self) -> io::Result<ExitStatus> {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        while let Err(error) = rustix::process::waitid(WaitId::Pid(self.pid), options) {
            if error != rustix::io::Errno::INTR {
                break;
            }
        }
        let mut child = lock(&self.child);
        // Still unreaped, so the group's number is still ours.
        let _gone = rustix::process::kill_process_group(self.pid, Signal::KILL);
        let status = child
            .as_mut()
            .map_or_else(|| Err(io::ErrorKind::NotFound.into()), Child::wait);
        *child = None;
        status
    }

    /// Bytes of memory it holds now; 0 where that is not known.
    pub(crate) fn resident_bytes(&self) -> u64 {
        let mut text = String::new();
        let read = lock(&self.memory)
            .as_mut()
            .is_some_and(|file| file.rewind().is_ok() && file.read_to_string(&mut text).is_ok());
        if !read {
            return 0;
        }
        let pages: u64 = text
            .split_ascii_whitespace()
            .nth(1)
            .and_then(|pages| pages.parse().ok())
            .unwrap_or(0);
        pages.saturating_mul(rustix::param::page_size() as u64)
    }
}

/// Bounds the data segment (heaps, buffers, Wasm memory) and forbids core dumps.
#[cfg(target_os = "linux")]
pub(crate) fn limit(pid: Pid, memory_bytes: u64) -> io::Result<()> {
    use rustix::process::{Resource, Rlimit, prlimit};
    let bound = |bytes| Rlimit {
        current: Some(bytes),
        maximum: Some(bytes),
    };
    prlimit(Some(pid), Resource::Data, bound(memory_bytes))?;
    prlimit(Some(pid), Resource::Core, bound(0))?;
    Ok(())
}

/// Other systems cannot limit a process from outside; `enforcement` says so.
#[cfg(not(target_os = "linux"))]
pub(crate) fn limit(_pid: Pid, _memory_bytes: u64) -> io::Result<()> {
    Ok(())
}
