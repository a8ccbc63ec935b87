//! `cargo xtask test`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::packages;
use crate::process::{Output, stream};
use crate::report::{Report, Show};

/// Where tests find a folder that holds `node_modules` with [`packages::TEST_PACKAGES`].
const PACKAGES_VARIABLE: &str = "ONE_PLUGIN_TEST_PACKAGES";
/// Where tests append their `SKIPPED: what: why` lines.
const LOG_VARIABLE: &str = "ONE_PLUGIN_SKIPPED_LOG";

const ARGUMENTS: [&str; 7] = [
    "test",
    "--workspace",
    "--all-features",
    "--no-fail-fast",
    "--",
    // The harness swallows what passing tests print; their SKIPPED lines are among it.
    "--show-output",
    "--color=never",
];

/// Runs every test of the workspace; `true` if all that ran held.
///
/// # Errors
///
/// A sentence, when cargo could not be run at all or ended without any test result.
pub fn run_tests(root: &Path, prepare: bool) -> Result<bool, String> {
    let mut cargo = Command::new("cargo");
    cargo.args(ARGUMENTS).current_dir(root);
    if std::env::var_os(PACKAGES_VARIABLE).is_none() {
        match packages::prepare(prepare) {
            Ok(folder) => {
                cargo.env(PACKAGES_VARIABLE, folder);
            }
            Err(why) => println!(
                "xtask: no npm packages for the worker tests: {why}; tests that need them will say SKIPPED"
            ),
        }
    }
    let log = Log::create()?;
    cargo.env(LOG_VARIABLE, &log.0);

    let mut report = Report::default();
    let status = stream(&mut cargo, |output, line| {
        if report.feed(line) == Show::Yes {
            match output {
                Output::Stdout => println!("{line}"),
                Output::Stderr => eprintln!("{line}"),
            }
        }
    })
    .map_err(|error| format!("cargo could not be run: {error}"))?;
    report.feed_log(&log.read()?);

    println!();
    for line in report.skipped_lines().iter().chain(&report.failure_lines()) {
        println!("{line}");
    }
    let green = status.success() && report.failed() == 0;
    if !green && report.failed() == 0 {
        println!("xtask: cargo test ended with {status} before every test could report; see above");
    }
    let nothing_ran = report.passed() == 0;
    if green && nothing_ran {
        println!("xtask: no test ran, which cannot be right");
    }
    let pointer = match report.skipped() {
        0 => "",
        _ => " (NOT EVERYTHING RAN: see the SKIPPED lines above)",
    };
    println!("xtask test: {}{pointer}", report.summary());
    println!("{}", report.summary());
    Ok(green && !nothing_ran)
}

/// A file of our own for one run, removed afterwards.
struct Log(PathBuf);

impl Log {
    fn create() -> Result<Self, String> {
        let path =
            std::env::temp_dir().join(format!("one-plugin-skipped-{}.log", std::process::id()));
        let _ = fs::remove_file(&path);
        fs::File::create_new(&path)
            .map_err(|error| format!("`{}` cannot be created: {error}", path.display()))?;
        Ok(Self(path))
    }

    fn read(&self) -> Result<String, String> {
        fs::read(&self.0)
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .map_err(|error| format!("`{}` cannot be read: {error}", self.0.display()))
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}
