//! Running a program while reading both of its outputs, line by line.

use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

/// How long outputs may stay open, and silent, after the program itself has ended.
const GRACE: Duration = Duration::from_secs(5);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Output {
    Stdout,
    Stderr,
}

/// Runs `command` without input and hands over each line as it comes.
///
/// A program that ends but leaves a child holding its outputs does not hold us: after a grace period we go on.
pub(crate) fn stream(
    command: &mut Command,
    mut on_line: impl FnMut(Output, &str),
) -> io::Result<ExitStatus> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let (sender, receiver) = channel();
    if let Some(stdout) = child.stdout.take() {
        forward(Output::Stdout, stdout, sender.clone());
    }
    if let Some(stderr) = child.stderr.take() {
        forward(Output::Stderr, stderr, sender.clone());
    }
    drop(sender);
    let mut ended = None;
    loop {
        match receiver.recv_timeout(GRACE) {
            Ok((output, line)) => on_line(output, &line),
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) if ended.is_some() => {
                on_line(
                    Output::Stderr,
                    "xtask: the program ended but something it started still holds its output",
                );
                break;
            }
            Err(RecvTimeoutError::Timeout) => ended = child.try_wait()?,
        }
    }
    child.wait()
}

fn forward(output: Output, source: impl Read + Send + 'static, lines: Sender<(Output, String)>) {
    thread::spawn(move || {
        let mut reader = BufReader::new(source);
        let mut bytes = Vec::new();
        loop {
            bytes.clear();
            match reader.read_until(b'\n', &mut bytes) {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
            let text = String::from_utf8_lossy(&bytes);
            let line = text.trim_end_matches(['\n', '\r']).to_owned();
            if lines.send((output, line)).is_err() {
                return;
            }
        }
    });
}

/// The standard output of a program that must succeed.
pub(crate) fn capture(root: &Path, program: &str, arguments: &[&str]) -> Result<String, String> {
    let shown = || format!("`{program} {}`", arguments.join(" "));
    let output = Command::new(program)
        .args(arguments)
        .current_dir(root)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{} could not be started: {error}", shown()))?;
    if !output.status.success() {
        return Err(format!(
            "{} failed ({}): {}",
            shown(),
            output.status,
            String::from_utf8_lossy(&output.stderr).trim()
        ));
    }
    String::from_utf8(output.stdout).map_err(|_| format!("{} did not print text", shown()))
}

/// Whether a program answers to `--version`; the answer if so.
pub(crate) fn version(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
