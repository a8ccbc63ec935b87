//! The npm client as a program: started with a bare environment, bounded in time and output.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use one_ontology::excerpt;

use crate::NpmError;

/// How much of each output stream is kept: its end, where npm says what went wrong.
const KEPT_OUTPUT: usize = 32 << 10;

/// Variables that npm needs besides its own settings: to find Node, its home, and the network.
const PASSED: [&str; 10] = [
    "PATH",
    "HOME",
    "TMPDIR",
    "NODE_EXTRA_CA_CERTS",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "proxy",
];

/// The npm client.
///
/// Its environment may hold tokens; its `Debug` says only which program it is.
#[derive(Clone)]
pub(crate) struct Npm {
    program: PathBuf,
    environment: BTreeMap<String, String>,
    secrets: Vec<String>,
}

impl Npm {
    /// Of the given environment, npm sees what it needs to run and where its files are.
    pub(crate) fn new(program: &Path, environment: &BTreeMap<String, String>) -> Self {
        let files = ["npm_config_userconfig", "npm_config_globalconfig"];
        let environment = environment
            .iter()
            .filter(|(name, value)| {
                let known = PASSED.iter().chain(&files);
                !value.is_empty() && known.into_iter().any(|p| p.eq_ignore_ascii_case(name))
            })
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        Self {
            program: program.to_owned(),
            environment,
            secrets: Vec::new(),
        }
    }

    /// Adds settings, and texts that must not be shown.
    pub(crate) fn with(mut self, settings: BTreeMap<String, String>, secrets: Vec<String>) -> Self {
        for (name, value) in settings {
            self.environment.entry(name).or_insert(value);
        }
        self.secrets = secrets;
        self
    }

    /// Runs npm to its end; calls `tick` about ten times a second meanwhile. Gives what npm
    /// printed, at most its last 32 KiB.
    pub(crate) fn run(
        &self,
        step: &'static str,
        arguments: &[&str],
        directory: &Path,
        limit: Duration,
        tick: &mut dyn FnMut(),
    ) -> Result<String, NpmError> {
        let mut child = self.start(arguments, directory)?;
        let stdout = child.stdout.take().map(tail);
        let stderr = child.stderr.take().map(tail);
        let began = now();
        let status = loop {
            match child.try_wait() {
                Ok(Some(status)) => break status,
                Ok(None) => {}
                Err(error) => {
                    end(&mut child);
                    return Err(NpmError::disk("wait for", &self.program, error));
                }
            }
            if now().duration_since(began) >= limit {
                end(&mut child);
                return Err(NpmError::NpmTimedOut {
                    step,
                    seconds: limit.as_secs(),
                });
            }
            thread::sleep(Duration::from_millis(50));
            tick();
        };
        let text = |reader: Option<JoinHandle<String>>| {
            reader.and_then(|r| r.join().ok()).unwrap_or_default()
        };
        let (stdout, stderr) = (text(stdout), text(stderr));
        if status.success() {
            return Ok(stdout);
        }
        Err(NpmError::NpmFailed {
            step,
            status: status.to_string(),
            output: self.shown(&stderr, &stdout),
        })
    }

    fn start(&self, arguments: &[&str], directory: &Path) -> Result<Child, NpmError> {
        let mut command = Command::new(&self.program);
        command
            .args(arguments)
            .current_dir(directory)
            .env_clear()
            .envs(&self.environment)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command.spawn().map_err(|error| NpmError::NpmUnavailable {
            program: self.program.display().to_string(),
            reason: error.to_string(),
        })
    }

    /// The end of what npm said, on one line, without secrets.
    fn shown(&self, stderr: &str, stdout: &str) -> String {
        let said = if stderr.trim().is_empty() {
            stdout
        } else {
            stderr
        };
        let mut line = said
            .lines()
            .map(str::trim)
            .filter(|l| !l.is_empty() && !l.contains("A complete log of this run"))
            .filter(|l| !l.contains("Log files were not written"))
            .map(|l| l.strip_prefix("npm error ").unwrap_or(l))
            .collect::<Vec<_>>()
            .join("; ");
        for secret in &self.secrets {
            line = line.replace(secret.as_str(), "***");
        }
        excerpt(&line, 1000)
    }
}

impl fmt::Debug for Npm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Npm")
            .field("program", &self.program)
            .finish_non_exhaustive()
    }
}

/// Reads to the end, keeping the last part.
fn tail(mut stream: impl Read + Send + 'static) -> JoinHandle<String> {
    thread::spawn(move || {
        let mut kept: Vec<u8> = Vec::new();
        let mut buffer = [0_u8; 8192];
        while let Ok(count @ 1..) = stream.read(&mut buffer) {
            kept.extend(buffer.iter().take(count));
            let surplus = kept.len().saturating_sub(KEPT_OUTPUT);
            kept.drain(..surplus);
        }
        String::from_utf8_lossy(&kept).into_owned()
    })
}

/// Ends npm with everything it started. It has not been waited for, so its id is still its own.
fn end(child: &mut Child) {
    #[cfg(unix)]
    if let Ok(id) = i32::try_from(child.id())
        && let Some(group) = rustix::process::Pid::from_raw(id)
    {
        let _gone = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    let _gone = child.kill();
    let _status = child.wait();
}

#[expect(
    clippy::disallowed_methods,
    reason = "an adapter judges how long a program has run"
)]
fn now() -> Instant {
    Instant::now()
}
