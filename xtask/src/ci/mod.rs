//! `cargo xtask ci`: a table of steps, run in order, the first failure ends it.

mod steps;

use std::collections::VecDeque;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::clock::{Stopwatch, human};
use crate::packages::npm_program;
use crate::process::{Output, capture, stream, version};

pub use steps::{Line, Need, STEPS, Step};

/// How much of a failed step's output is repeated at the end.
const TAIL: usize = 80;

impl Line {
    /// The line as a person would type it at the root.
    #[must_use]
    pub fn shown(&self) -> String {
        let mut shown = String::new();
        if self.folder != "." {
            shown.push_str(&format!("cd {} && ", self.folder));
        }
        if self.from_nothing {
            shown.push_str("CARGO_TARGET_DIR=$(mktemp -d) ");
        }
        for (name, value) in self.variables {
            shown.push_str(&format!("{name}=\"{value}\" "));
        }
        shown + &self.words.join(" ")
    }

    fn command(&self, root: &Path, nothing: &Path) -> Command {
        let mut words = self.words.iter();
        let program = match words.next() {
            Some(&"npm") => npm_program(),
            Some(program) => program,
            None => "cargo",
        };
        let mut command = Command::new(program);
        command.args(words).current_dir(root.join(self.folder));
        command.envs(self.variables.iter().copied());
        if self.from_nothing {
            command.env("CARGO_TARGET_DIR", nothing);
        }
        command
    }
}

impl Need {
    /// Why the step cannot run here, if it cannot.
    fn missing(self, root: &Path) -> Option<String> {
        match self {
            Self::Npm => version(npm_program(), &["--version"])
                .is_none()
                .then(|| "npm is not installed".to_owned()),
            Self::CargoDeny => version("cargo", &["deny", "--version"]).is_none().then(|| {
                "cargo-deny is not installed; `cargo install --locked cargo-deny`".to_owned()
            }),
            Self::WasmTarget => {
                let words = [
                    "--print",
                    "target-libdir",
                    "--target",
                    "wasm32-unknown-unknown",
                ];
                let there = capture(root, "rustc", &words)
                    .is_ok_and(|path| Path::new(path.trim()).is_dir());
                (!there).then(|| {
                    "the target is not installed; `rustup target add wasm32-unknown-unknown`"
                        .to_owned()
                })
            }
        }
    }
}

/// How one step went.
enum Verdict {
    Passed,
    Skipped(String),
    Failed {
        repeat: String,
        tail: VecDeque<String>,
    },
}

/// Runs all steps; `true` if none failed.
///
/// # Errors
///
/// A sentence, when a step could not even be started.
pub fn run(root: &Path) -> Result<bool, String> {
    let nothing = target_directory(root)?.join("from-nothing");
    let whole = Stopwatch::start();
    let mut tests = TestLines::default();
    let mut done: Vec<(&str, &str, Duration)> = Vec::new();
    let mut skipped = Vec::new();

    for (index, step) in STEPS.iter().enumerate() {
        println!("\n=== {}/{} {} ===", index + 1, STEPS.len(), step.name);
        let watch = Stopwatch::start();
        let verdict = run_step(step, root, &nothing, &mut tests)?;
        let took = watch.elapsed();
        match verdict {
            Verdict::Passed => {
                println!("=== {}: passed in {} ===", step.name, human(took));
                done.push(("passed", step.name, took));
            }
            Verdict::Skipped(why) => {
                let line = format!("SKIPPED: {}: {why}", step.name);
                println!("{line}");
                skipped.push(line);
                done.push(("SKIPPED", step.name, took));
            }
            Verdict::Failed { repeat, tail } => {
                println!("\n--- the last {} lines of `{}` ---", tail.len(), step.name);
                for line in tail {
                    println!("{line}");
                }
                println!("--- end ---");
                println!(
                    "xtask ci: step `{}` FAILED after {}",
                    step.name,
                    human(took)
                );
                println!("to repeat it: {repeat}");
                return Ok(false);
            }
        }
    }

    println!();
    for (verdict, name, took) in &done {
        println!("{verdict:>8}  {:>12}  {name}", human(*took));
    }
    for line in skipped.iter().chain(&tests.skipped) {
        println!("{line}");
    }
    println!(
        "xtask ci: {} steps passed, {} skipped, in {}",
        done.len() - skipped.len(),
        skipped.len(),
        human(whole.elapsed())
    );
    if let Some(summary) = &tests.summary {
        println!("{summary}");
    }
    Ok(true)
}

fn run_step(
    step: &Step,
    root: &Path,
    nothing: &Path,
    tests: &mut TestLines,
) -> Result<Verdict, String> {
    if let Some(why) = step.needs.and_then(|need| need.missing(root)) {
        return Ok(Verdict::Skipped(why));
    }
    for line in step.commands {
        let mut tail = VecDeque::new();
        println!("$ {}", line.shown());
        if line.from_nothing && nothing.exists() {
            fs::remove_dir_all(nothing)
                .map_err(|error| format!("`{}` cannot be removed: {error}", nothing.display()))?;
        }
        let status = stream(&mut line.command(root, nothing), |output, text| {
            match output {
                Output::Stdout => {
                    tests.feed(text);
                    println!("{text}");
                }
                Output::Stderr => eprintln!("{text}"),
            }
            if tail.len() == TAIL {
                tail.pop_front();
            }
            tail.push_back(text.to_owned());
        });
        if line.from_nothing {
            let _ = fs::remove_dir_all(nothing);
        }
        let ended = match status {
            Ok(status) if status.success() => continue,
            Ok(status) => format!("ended with {status}"),
            Err(error) => format!("could not be started: {error}"),
        };
        tail.push_back(ended);
        return Ok(Verdict::Failed {
            repeat: line.shown(),
            tail,
        });
    }
    Ok(Verdict::Passed)
}

/// What `cargo xtask test` said last, to be said again at the very end.
#[derive(Debug, Default)]
struct TestLines {
    pending: Vec<String>,
    skipped: Vec<String>,
    summary: Option<String>,
}

impl TestLines {
    fn feed(&mut self, line: &str) {
        if line.starts_with("SKIPPED: ") {
            self.pending.push(line.to_owned());
        } else if let Some(rest) = line.strip_prefix("xtask test: ") {
            // The list stands right before the summary; what came earlier was the tests' own output.
            self.skipped = std::mem::take(&mut self.pending);
            let counts = rest.split_once(" (").map_or(rest, |(counts, _)| counts);
            self.summary = Some(counts.to_owned());
        } else {
            self.pending.clear();
        }
    }
}

fn target_directory(root: &Path) -> Result<PathBuf, String> {
    let text = capture(
        root,
        "cargo",
        &["metadata", "--format-version", "1", "--no-deps"],
    )?;
    let document: Value = serde_json::from_str(&text)
        .map_err(|error| format!("cargo metadata is not JSON: {error}"))?;
    document
        .get("target_directory")
        .and_then(Value::as_str)
        .map(PathBuf::from)
        .ok_or_else(|| "cargo metadata names no target directory".to_owned())
}

#[cfg(test)]
mod tests {
    use super::steps::line;
    use super::*;

    #[test]
    fn only_the_list_right_before_the_summary_is_repeated() {
        let mut lines = TestLines::default();
        for line in [
            "SKIPPED: worker: no node",
            "test result: ok.",
            "",
            "SKIPPED: worker: no node (2 tests)",
            "xtask test: 5 passed, 0 failed, 2 skipped (NOT EVERYTHING RAN)",
            "5 passed, 0 failed, 2 skipped",
        ] {
            lines.feed(line);
        }
        assert_eq!(lines.skipped, ["SKIPPED: worker: no node (2 tests)"]);
        assert_eq!(
            lines.summary.as_deref(),
            Some("5 passed, 0 failed, 2 skipped")
        );
    }

    #[test]
    fn a_line_is_shown_as_it_would_be_typed() {
        let line = Line {
            folder: "a/b",
            variables: &[("RUSTDOCFLAGS", "-D warnings")],
            from_nothing: true,
            ..line(&["cargo", "doc"])
        };
        assert_eq!(
            line.shown(),
            "cd a/b && CARGO_TARGET_DIR=$(mktemp -d) RUSTDOCFLAGS=\"-D warnings\" cargo doc"
        );
    }

    #[test]
    fn the_histories_of_all_stores_are_as_many_as_the_step_says() {
        let lines = STEPS.iter().flat_map(|step| step.commands);
        let histories = lines
            .flat_map(|line| line.variables)
            .filter(|(name, _)| *name == "ONE_PLUGIN_HISTORIES");
        let all: u32 = histories
            .map(|(_, count)| count.parse::<u32>().unwrap())
            .sum();
        assert_eq!(all, 20_000);
    }
}
