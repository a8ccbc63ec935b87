//! Saying things: words for people, JSON for machines, progress beside both.

use std::convert::Infallible;
use std::fmt::Write as _;
use std::io::{ErrorKind, IsTerminal as _, Write as _};
use std::process::ExitCode;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use plugin_registry::{Progress, ProgressSink};
use plugin_resolver::{Detail, Line};
use serde::Serialize;

use crate::cli::Global;
use crate::failure::Failure;
use crate::paint::{Paint, harmless};

/// Where a command says what it has to say.
#[derive(Debug)]
pub(crate) struct Output {
    json: bool,
    shown: Shown,
    detail: Detail,
    /// On standard output.
    said: Paint,
    /// On standard error.
    paint: Paint,
}

/// How progress is shown on standard error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    /// A line that is written over.
    Live,
    /// A line for each step.
    Lines,
}

impl Shown {
    fn on_standard_error() -> Self {
        if std::io::stderr().is_terminal() {
            Self::Live
        } else {
            Self::Lines
        }
    }
}

impl Output {
    pub(crate) fn new(global: &Global) -> Self {
        let is_terminal = std::io::stderr().is_terminal();
        Self {
            json: global.json,
            shown: Shown::on_standard_error(),
            detail: if global.verbose {
                Detail::Full
            } else {
                Detail::Brief
            },
            said: Paint::new(global.color, std::io::stdout().is_terminal()),
            paint: Paint::new(global.color, is_terminal),
        }
    }

    /// Says a result: `words` to people, `value` to machines.
    pub(crate) fn say<T: Serialize>(&self, value: &T, words: impl FnOnce() -> String) {
        if self.json {
            json_line(&serde_json::to_string_pretty(value).unwrap_or_default());
        } else {
            line(&words());
        }
    }

    /// Says a result that was said before and has changed: at a terminal in its place, else behind it;
    /// to machines on a line.
    pub(crate) fn say_again<T: Serialize>(&self, value: &T, words: impl FnOnce() -> String) {
        if self.json {
            json_line(&serde_json::to_string(value).unwrap_or_default());
            return;
        }
        if std::io::stdout().is_terminal() {
            let _closed = write!(std::io::stdout(), "\u{1b}[2J\u{1b}[H");
        }
        line(&format!("{}\n", words()));
    }

    /// Says a result: to people a report in its colours and more words below it, `value` to machines.
    pub(crate) fn say_report<T: Serialize>(&self, value: &T, report: &[Line], below: &str) {
        if self.json {
            self.say_json(value);
            return;
        }
        let mut lines: Vec<String> = report.iter().map(|line| self.said.line(line)).collect();
        lines.extend(below.lines().map(harmless));
        print(&lines.join("\n"));
    }

    /// Says a result that is JSON for people, too.
    pub(crate) fn say_json<T: Serialize>(&self, value: &T) {
        json_line(&serde_json::to_string_pretty(value).unwrap_or_default());
    }

    /// Says a result that people have been told already.
    pub(crate) fn tell_machines<T: Serialize>(&self, value: &T) {
        if self.json {
            json_line(&serde_json::to_string_pretty(value).unwrap_or_default());
        }
    }

    /// Says something on the way, to people only.
    pub(crate) fn note(&self, text: &str) {
        if !self.json {
            line(text);
        }
    }

    /// Says something on the way that is JSON for people, too.
    pub(crate) fn note_json<T: Serialize>(&self, value: &T) {
        if !self.json {
            self.say_json(value);
        }
    }

    /// Says something about the way, which is no part of the result.
    pub(crate) fn aside(&self, text: &str) {
        if !self.json {
            let _closed = writeln!(std::io::stderr(), "{text}");
        }
    }

    /// Says an error, and gives the exit code that goes with it.
    pub(crate) fn fail(&self, failure: &Failure) -> ExitCode {
        if self.json {
            json_line(&failure.json().to_string());
        } else {
            let text = failure.paragraph(self.detail, self.paint);
            let _closed = writeln!(std::io::stderr(), "{text}");
        }
        failure.exit_code()
    }

    /// Shows what `say` says of something long, as long as the watch lives.
    pub(crate) fn watch(&self, say: impl Fn() -> String + Send + 'static) -> Watch {
        match self.shown {
            Shown::Live => Watch::start(self.progress(), None, say),
            Shown::Lines => Watch { thread: None },
        }
    }

    /// As [`Output::watch`], and tells those who read lines, too, now and then.
    pub(crate) fn watch_always(&self, say: impl Fn() -> String + Send + 'static) -> Watch {
        Watch::start(self.progress(), NOW_AND_THEN, say)
    }

    /// Where the progress of something long goes.
    pub(crate) fn progress(&self) -> LiveProgress {
        LiveProgress {
            shown: self.shown,
            width: Mutex::new(0),
        }
    }
}

/// How long something may take before it is shown.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often what is shown is written anew.
const REDRAW: Duration = Duration::from_millis(200);

/// How often those who read lines are told how far something very long is.
const NOW_AND_THEN: Option<Duration> = Some(Duration::from_secs(10));

/// Shows how far something is, from its second second on, until it is dropped. Mostly only a person
/// at a terminal is shown anything.
#[derive(Debug)]
pub(crate) struct Watch {
    thread: Option<(Sender<Infallible>, JoinHandle<()>)>,
}

impl Watch {
    /// Of a search, which tells those who read lines, too, that it takes long: once.
    pub(crate) fn of_search() -> Self {
        let progress = LiveProgress {
            shown: Shown::on_standard_error(),
            width: Mutex::new(0),
        };
        Self::start(progress, None, || {
            "looking for versions that fit together; Ctrl-C ends it".to_owned()
        })
    }

    /// Who reads lines is told once, or each time that `lines` has passed.
    fn start(
        progress: LiveProgress,
        lines: Option<Duration>,
        say: impl Fn() -> String + Send + 'static,
    ) -> Self {
        let (alive, ended) = channel::<Infallible>();
        let thread = std::thread::spawn(move || {
            let mut wait = PATIENCE;
            while ended.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
                progress.report(Progress::Step { what: say() });
                wait = match (progress.shown, lines) {
                    (Shown::Live, _) => REDRAW,
                    (Shown::Lines, Some(pause)) => pause,
                    (Shown::Lines, None) => return,
                };
            }
        });
        Self {
            thread: Some((alive, thread)),
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some((alive, thread)) = self.thread.take() {
            drop(alive);
            let _ended = thread.join();
        }
    }
}

/// Says why a command line cannot be read, or the help that was asked for.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    let json = std::env::args_os().any(|argument| argument == "--json");
    if json && error.use_stderr() {
        let text = error.render().to_string();
        let said = text.split("\n\nUsage:").next().unwrap_or(&text);
        let said = said.trim_start_matches("error:").split_whitespace();
        let failure = Failure::new("UsageError", said.collect::<Vec<_>>().join(" "));
        json_line(&failure.json().to_string());
        return failure.exit_code();
    }
    let _closed = error.print();
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

/// Prints a line of words.
pub(crate) fn line(text: &str) {
    print(&harmless(text));
}

/// Prints JSON, control characters in its texts escaped, also those that JSON would let pass.
fn json_line(json: &str) {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        if c.is_control() && c != '\n' {
            let _infallible = write!(text, "\\u{:04x}", u32::from(c));
        } else {
            text.push(c);
        }
    }
    print(&text);
}

/// Why nobody is told anything any more on standard output; nothing where that is because its reader has gone away.
static UNWRITTEN: OnceLock<Option<String>> = OnceLock::new();

/// Whatever becomes of what is said, the command goes on.
fn print(text: &str) {
    if !is_read() {
        return;
    }
    let mut out = std::io::stdout().lock();
    if let Err(error) = writeln!(out, "{text}").and_then(|()| out.flush()) {
        let gone = error.kind() == ErrorKind::BrokenPipe;
        let _first = UNWRITTEN.set((!gone).then(|| error.to_string()));
    }
}

/// Whether what is said on standard output may still reach somebody.
pub(crate) fn is_read() -> bool {
    UNWRITTEN.get().is_none()
}

/// How a command ends: as it did, unless what it said could not be written. A reader that has gone away is no error worth a word.
pub(crate) fn ended(code: ExitCode) -> ExitCode {
    let Some(reason) = UNWRITTEN.get().and_then(Option::as_deref) else {
        return code;
    };
    let message = format!("what this had to say could not be written: {reason}");
    let failure = Failure::new("OutputUnwritten", message);
    let text = failure.paragraph(Detail::Brief, Paint::Plain);
    let _closed = writeln!(std::io::stderr(), "{text}");
    match code == ExitCode::SUCCESS {
        true => failure.exit_code(),
        false => code,
    }
}

/// Progress on standard error.
#[derive(Debug)]
pub(crate) struct LiveProgress {
    shown: Shown,
    width: Mutex<usize>,
}

impl ProgressSink for LiveProgress {
    fn report(&self, progress: Progress) {
        let text = match progress {
            Progress::Step { what } => what,
            Progress::Downloaded { bytes, packages } => {
                if self.shown == Shown::Lines {
                    return;
                }
                format!("{packages} packages, {}", megabytes(bytes))
            }
            _ => return,
        };
        let mut width = self.width.lock().unwrap_or_else(PoisonError::into_inner);
        let mut err = std::io::stderr().lock();
        let _closed = match self.shown {
            Shown::Live => {
                let padding = width.saturating_sub(text.chars().count());
                *width = text.chars().count();
                write!(err, "\r     {text}{}", " ".repeat(padding)).and_then(|()| err.flush())
            }
            Shown::Lines => writeln!(err, "     {text}"),
        };
    }
}

impl Drop for LiveProgress {
    fn drop(&mut self) {
        let width = *self.width.lock().unwrap_or_else(PoisonError::into_inner);
        if width > 0 {
            let _closed = write!(std::io::stderr(), "\r{}\r", " ".repeat(width + 5));
        }
    }
}

/// Bytes in words.
#[expect(clippy::cast_precision_loss, reason = "for people")]
pub(crate) fn megabytes(bytes: u64) -> String {
    if bytes < 1_000_000 {
        format!("{:.0} kB", bytes as f64 / 1e3)
    } else {
        format!("{:.1} MB", bytes as f64 / 1e6)
    }
}
