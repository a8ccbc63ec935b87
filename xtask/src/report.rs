//! What `cargo test` said, counted.

use std::collections::{BTreeMap, VecDeque};

const SKIPPED: &str = "SKIPPED: ";
/// How much of what a failed test printed is repeated: its panic comes after what it printed itself.
const OF_A_FAILURE: usize = 25;

/// The counts of one `test result:` line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Tests that ran and held.
    pub passed: u64,
    /// Tests that ran and did not hold.
    pub failed: u64,
    /// Tests that the harness was told not to run.
    pub ignored: u64,
}

impl Counts {
    /// Reads a line such as `test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.20s`.
    #[must_use]
    pub fn parse(line: &str) -> Option<Self> {
        let (_verdict, rest) = line.strip_prefix("test result: ")?.split_once(". ")?;
        let mut counts = Self::default();
        let mut known = 0;
        for part in rest.split(';') {
            let Some((number, word)) = part.trim().split_once(' ') else {
                continue;
            };
            let slot = match word {
                "passed" => &mut counts.passed,
                "failed" => &mut counts.failed,
                "ignored" => &mut counts.ignored,
                _ => continue,
            };
            *slot = number.parse().ok()?;
            known += 1;
        }
        (known == 3).then_some(counts)
    }
}

/// Whether a line is worth showing while tests run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Show {
    /// Progress, results and failures.
    Yes,
    /// What passing tests printed.
    No,
}

/// Everything counted so far.
///
/// A test that cannot run here prints `SKIPPED: what: why` and returns; the harness then calls it passed. We do not:
/// each such line moves one test from passed to skipped.
#[derive(Debug, Clone, Default)]
pub struct Report {
    counts: Counts,
    // The same line comes once over the output of the test and once in the log it appends to.
    printed: BTreeMap<String, u64>,
    logged: BTreeMap<String, u64>,
    ignored: Vec<String>,
    failures: Vec<Failure>,
    part: Part,
}

/// Which part of a test program's output a line is of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Part {
    #[default]
    Progress,
    Successes,
    Failures,
    /// Of those that failed, once more.
    Names,
}

/// A test that did not hold, and the last lines that it printed.
#[derive(Debug, Clone)]
struct Failure {
    test: String,
    said: VecDeque<String>,
}

impl Failure {
    fn says(&mut self, line: &str) {
        if self.said.len() == OF_A_FAILURE {
            self.said.pop_front();
        }
        self.said.push_back(line.to_owned());
    }
}

impl Report {
    /// Takes one line of the output of `cargo test -- --show-output`.
    pub fn feed(&mut self, line: &str) -> Show {
        let line = without_colour(line);
        let line = line.as_str();
        if let Some(skip) = skip_line(line) {
            *self.printed.entry(skip.to_owned()).or_default() += 1;
            return Show::Yes;
        }
        if let Some(counts) = Counts::parse(line) {
            self.counts.passed += counts.passed;
            self.counts.failed += counts.failed;
            self.counts.ignored += counts.ignored;
            self.part = Part::Progress;
            return Show::Yes;
        }
        match (line, self.part) {
            ("successes:", _) => self.part = Part::Successes,
            ("failures:", Part::Failures) => self.part = Part::Names,
            ("failures:", _) => self.part = Part::Failures,
            (_, Part::Successes | Part::Names) => {}
            (_, Part::Failures) => self.failure(line),
            (_, Part::Progress) => self.ignored.extend(ignored_line(line)),
        }
        match self.part {
            Part::Successes => Show::No,
            Part::Failures | Part::Names | Part::Progress => Show::Yes,
        }
    }

    /// A line behind `failures:`: the head of what a test printed, or something that it printed.
    fn failure(&mut self, line: &str) {
        let head = line.strip_prefix("---- ");
        if let Some(test) = head.and_then(|rest| rest.strip_suffix(" stdout ----")) {
            self.failures.push(Failure {
                test: test.to_owned(),
                said: VecDeque::new(),
            });
        } else if let (false, Some(last)) = (is_of_a_backtrace(line), self.failures.last_mut()) {
            last.says(line);
        }
    }

    /// Each test that did not hold, with the end of what it printed.
    #[must_use]
    pub fn failure_lines(&self) -> Vec<String> {
        let of = |failure: &Failure| {
            let head = format!("FAILED: {}", failure.test);
            let said = failure.said.iter().map(|line| format!("    {line}"));
            std::iter::once(head).chain(said).collect::<Vec<_>>()
        };
        self.failures.iter().flat_map(of).collect()
    }

    /// Takes the log that tests append their `SKIPPED: ` lines to.
    pub fn feed_log(&mut self, log: &str) {
        for skip in log.lines().filter_map(skip_line) {
            *self.logged.entry(skip.to_owned()).or_default() += 1;
        }
    }

    /// What did not run, each as `SKIPPED: what: why`, with a count where there are several.
    #[must_use]
    pub fn skipped_lines(&self) -> Vec<String> {
        let skips = self.skips().into_iter().map(|(skip, times)| match times {
            1 => format!("{SKIPPED}{skip}"),
            _ => format!("{SKIPPED}{skip} ({times} tests)"),
        });
        let ignored = self.ignored.iter().map(|test| format!("{SKIPPED}{test}"));
        skips.chain(ignored).collect()
    }

    /// How many tests ran and held.
    #[must_use]
    pub fn passed(&self) -> u64 {
        self.counts.passed.saturating_sub(self.skip_count())
    }

    /// How many tests ran and did not hold.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.counts.failed
    }

    /// How many tests did not run.
    #[must_use]
    pub fn skipped(&self) -> u64 {
        self.counts.ignored + self.skip_count()
    }

    /// `812 passed, 0 failed, 0 skipped`.
    #[must_use]
    pub fn summary(&self) -> String {
        format!(
            "{} passed, {} failed, {} skipped",
            self.passed(),
            self.failed(),
            self.skipped()
        )
    }

    fn skip_count(&self) -> u64 {
        self.skips().values().sum()
    }

    fn skips(&self) -> BTreeMap<String, u64> {
        let mut all = self.printed.clone();
        for (skip, times) in &self.logged {
            let slot = all.entry(skip.clone()).or_default();
            *slot = (*slot).max(*times);
        }
        all
    }
}

/// What follows `SKIPPED: `, if the line is one.
fn skip_line(line: &str) -> Option<&str> {
    line.strip_prefix(SKIPPED)
        .map(str::trim)
        .filter(|rest| !rest.is_empty())
}

/// `name: why` of a line such as `test name ... ignored, why`.
fn ignored_line(line: &str) -> Option<String> {
    let (name, verdict) = line.strip_prefix("test ")?.split_once(" ... ignored")?;
    let why = verdict.strip_prefix(", ").unwrap_or("marked as ignored");
    Some(format!("{name}: {why}"))
}

/// `  12: core::panicking::panic_fmt`, `        at /rustc/..`, and what leads them in, or nothing at all.
fn is_of_a_backtrace(line: &str) -> bool {
    let line = line.trim_start();
    let number = line.split_once(": ").map(|(number, _)| number);
    let frame = number.is_some_and(|it| !it.is_empty() && it.bytes().all(|b| b.is_ascii_digit()));
    frame || line.is_empty() || line.starts_with("at ") || line == "stack backtrace:"
}

fn without_colour(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        if character == '\u{1b}' {
            // A colour is ESC [ digits and semicolons, closed by a letter.
            for escaped in characters.by_ref() {
                if escaped.is_ascii_alphabetic() {
                    break;
                }
            }
        } else {
            plain.push(character);
        }
    }
    plain
}
