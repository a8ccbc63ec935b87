//! `cargo xtask ci`: a table of steps, run in order, the first failure ends it.

use std::collections::VecDeque;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::clock::{Stopwatch, human};
use crate::packages::npm_program;
use crate::process::{Output, capture, stream, version};

/// How much of a failed step's output is repeated at the end.
const TAIL: usize = 40;

/// One thing that must hold.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// What holds afterwards, in a few words.
    pub name: &'static str,
    /// Run in order, all must succeed.
    pub commands: &'static [Line],
    /// What the machine must have; without it the step is skipped, loudly.
    pub needs: Option<Need>,
}

/// One command line.
#[derive(Debug, Clone, Copy)]
pub struct Line {
    /// Program and arguments.
    pub words: &'static [&'static str],
    /// Where, relative to the root.
    pub folder: &'static str,
    /// Variables added to the environment.
    pub variables: &'static [(&'static str, &'static str)],
    /// Whether to build from nothing, in a target directory of its own.
    pub from_nothing: bool,
}

/// What not every machine has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Node's package manager.
    Npm,
    /// `cargo deny`.
    CargoDeny,
    /// The standard library for wasm32-unknown-unknown.
    WasmTarget,
}

const fn line(words: &'static [&'static str]) -> Line {
    Line {
        words,
        folder: ".",
        variables: &[],
        from_nothing: false,
    }
}

const JS: &str = "crates/plugin-executor-node/js";

/// Everything that must hold before a change lands, the quick and the likely to fail first.
pub const STEPS: &[Step] = &[
    Step {
        name: "formatting",
        commands: &[line(&["cargo", "fmt", "--all", "--check"])],
        needs: None,
    },
    Step {
        name: "Cargo.lock is up to date",
        commands: &[line(&["cargo", "fetch", "--locked"])],
        needs: None,
    },
    Step {
        name: "tidy",
        commands: &[line(&["cargo", "xtask", "tidy"])],
        needs: None,
    },
    Step {
        name: "clippy",
        commands: &[line(&[
            "cargo",
            "clippy",
            "--workspace",
            "--all-targets",
            "--all-features",
            "--",
            "-D",
            "warnings",
        ])],
        needs: None,
    },
    Step {
        name: "tests",
        commands: &[line(&["cargo", "xtask", "test"])],
        needs: None,
    },
    Step {
        name: "40,000 problems for each law, every verdict as a SAT solver's",
        commands: &[Line {
            variables: &[("PROPTEST_CASES", "40000"), ("PROPTEST_RNG_SEED", "1")],
            ..line(&[
                "cargo",
                "test",
                "--release",
                "--package",
                "plugin-resolver",
                "--test",
                "it",
                "--",
                "--show-output",
                "sat::",
            ])
        }],
        needs: None,
    },
    Step {
        name: "JavaScript of the Node worker",
        commands: &[
            Line {
                folder: JS,
                ..line(&[
                    "npm",
                    "ci",
                    "--ignore-scripts",
                    "--no-audit",
                    "--no-fund",
                    "--prefer-offline",
                ])
            },
            Line {
                folder: JS,
                ..line(&["npm", "run", "check"])
            },
        ],
        needs: Some(Need::Npm),
    },
    Step {
        name: "documentation",
        commands: &[Line {
            variables: &[("RUSTDOCFLAGS", "-D warnings")],
            ..line(&["cargo", "doc", "--workspace", "--no-deps", "--all-features"])
        }],
        needs: None,
    },
    Step {
        name: "benches run once",
        commands: &[line(&[
            "cargo",
            "bench",
            "--package",
            "benches",
            "--",
            "--quick",
        ])],
        needs: None,
    },
    Step {
        name: "licences, advisories and sources of dependencies",
        commands: &[line(&["cargo", "deny", "check"])],
        needs: Some(Need::CargoDeny),
    },
    Step {
        name: "the core crates check for wasm32",
        commands: &[line(&[
            "cargo",
            "check",
            "--target",
            "wasm32-unknown-unknown",
            "-p",
            "one-ontology",
            "-p",
            "plugin-resolver",
            "-p",
            "plugin-registry",
            "-p",
            "plugin-runtime-api",
            "-p",
            "plugin-lifecycle",
        ])],
        needs: Some(Need::WasmTarget),
    },
    Step {
        name: "the core crates build from nothing",
        commands: &[Line {
            from_nothing: true,
            ..line(&[
                "cargo",
                "build",
                "-p",
                "one-ontology",
                "-p",
                "plugin-resolver",
                "-p",
                "plugin-registry",
                "-p",
                "plugin-runtime-api",
                "-p",
                "plugin-lifecycle",
            ])
        }],
        needs: None,
    },
];

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
}
