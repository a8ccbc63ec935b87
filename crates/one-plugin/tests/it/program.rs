//! Running the program, cut off from the network, from Node and from whoever runs the tests.

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// Nobody listens here.
const NO_REGISTRY: &str = "http://127.0.0.1:9/";

/// Says loudly that a test does not run.
pub(crate) fn skip(what: &str, why: &str) {
    let line = format!("SKIPPED: one-plugin {what}: {why}");
    eprintln!("{line}");
    if let Some(log) = std::env::var_os("ONE_PLUGIN_SKIPPED_LOG") {
        let mut file = std::fs::File::options()
            .create(true)
            .append(true)
            .open(log)
            .unwrap();
        writeln!(file, "{line}").unwrap();
    }
}

/// A home of its own, gone afterwards.
#[derive(Debug)]
pub(crate) struct Home {
    directory: TempDir,
    environment: Vec<(String, String)>,
    offline: bool,
}

/// What a run printed, and how it ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Home {
    pub(crate) fn new() -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
            environment: Vec::new(),
            offline: true,
        }
    }

    /// Asks the registry, which nobody answers.
    pub(crate) fn without_network(mut self) -> Self {
        self.offline = false;
        self
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Where the program keeps everything.
    pub(crate) fn path(&self) -> PathBuf {
        self.directory.path().join("home")
    }

    /// A directory beside it.
    pub(crate) fn beside(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn command<S: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = S>,
    ) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_one-plugin"));
        command
            .env_clear()
            .env("HOME", self.beside())
            .env("TMPDIR", self.beside())
            .env("PATH", "")
            .env("npm_config_registry", NO_REGISTRY)
            .env("npm_config_fetch_retries", "0")
            .envs(self.environment.iter().cloned())
            .args(["--home".as_ref(), self.path().as_os_str()])
            .args(self.offline.then_some("--offline"))
            .args(arguments);
        command
    }

    /// Runs the words of a line; those with spaces are given by [`Home::run_all`].
    pub(crate) fn run(&self, line: &str) -> Ran {
        self.run_all(line.split_whitespace())
    }

    pub(crate) fn run_all<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Ran {
        ran(self.command(arguments).stdin(Stdio::null()))
    }

    /// Runs a line that must succeed, and gives what it printed.
    pub(crate) fn ok(&self, line: &str) -> String {
        let ran = self.run(line);
        assert_eq!(ran.code, 0, "{line}: {ran:?}");
        ran.out
    }

    /// The JSON that a line prints, which must succeed.
    pub(crate) fn json(&self, line: &str) -> Value {
        serde_json::from_str(&self.ok(&format!("{line} --json"))).unwrap()
    }

    /// Runs with input, which a program may stop reading.
    pub(crate) fn feed(&self, line: &str, input: &[u8]) -> Ran {
        let mut child = self
            .command(line.split_whitespace())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (mut stdin, input) = (child.stdin.take().unwrap(), input.to_vec());
        let writer = std::thread::spawn(move || {
            let _closed = stdin.write_all(&input);
        });
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        of(output)
    }
}

pub(crate) fn ran(command: &mut Command) -> Ran {
    of(command.output().unwrap())
}

fn of(output: std::process::Output) -> Ran {
    Ran {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

impl Ran {
    /// As a person reads it.
    pub(crate) fn page(&self) -> String {
        let mut page = crate::filter::text(&self.out);
        if !self.err.is_empty() {
            page.push_str("--- standard error\n");
            page.push_str(&crate::filter::text(&self.err));
        }
        page.push_str(&format!("--- ends with {}", self.code));
        page
    }
}
