//! Real npm packages for the worker tests, installed once into a cache.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::clock::{Stopwatch, human};
use crate::process::{Output, stream, version};

/// Exactly these; the folder they are kept in is named by a digest of this list and the flags below.
pub const TEST_PACKAGES: &[&str] = &[
    "@elizaos/core@1.7.2",
    "@elizaos/plugin-knowledge@1.6.1",
    "@elizaos/plugin-bootstrap@1.7.2",
];

const INSTALL: &[&str] = &[
    "install",
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--loglevel=error",
];

/// Measured with npm 11: 250 packages, 18,566 files of 426 MB together, 25 s with a fast connection.
const SIZE: &str = "about 250 packages, 430 MB";

/// One question to the registry, once: an installation without one would try for minutes before it gives up.
const PROBE: &[&str] = &[
    "view",
    "--loglevel=error",
    "--fetch-retries=0",
    "--fetch-timeout=20000",
];

/// The folder that holds `node_modules`, installed now if it is not there and `download` says so.
///
/// The reason in words when there is no such folder.
pub(crate) fn prepare(download: bool) -> Result<PathBuf, String> {
    let cache = cache_folder()?;
    let name = digest(TEST_PACKAGES, INSTALL);
    let ready = cache.join(&name);
    if ready.is_dir() {
        return Ok(ready);
    }
    if !download {
        return Err("--no-prepare was given and none were prepared before".to_owned());
    }
    let npm = npm_program();
    for program in ["node", npm] {
        if version(program, &["--version"]).is_none() {
            return Err(format!("`{program}` is not installed"));
        }
    }
    fs::create_dir_all(&cache).map_err(|error| failed("create", &cache, &error))?;

    // One process installs, others wait for it and find the result. The lock goes with its process.
    let lock_path = cache.join(format!("{name}.lock"));
    let lock = File::create(&lock_path).map_err(|error| failed("create", &lock_path, &error))?;
    lock.lock()
        .map_err(|error| failed("lock", &lock_path, &error))?;
    if ready.is_dir() {
        return Ok(ready);
    }
    install(npm, &cache.join(format!("{name}.staging")), &ready)?;
    Ok(ready)
}

/// Installs into `staging` and renames, so that an interrupted installation is never taken for a whole one.
fn install(npm: &str, staging: &Path, ready: &Path) -> Result<(), String> {
    if staging.exists() {
        println!("xtask: removing what an interrupted installation left");
        fs::remove_dir_all(staging).map_err(|error| failed("remove", staging, &error))?;
    }
    fs::create_dir_all(staging).map_err(|error| failed("create", staging, &error))?;
    let manifest = staging.join("package.json");
    fs::write(&manifest, "{\"name\":\"test-packages\",\"private\":true}\n")
        .map_err(|error| failed("write", &manifest, &error))?;

    println!(
        "xtask: downloading for the worker tests, once: {} ({SIZE}) to {}",
        TEST_PACKAGES.join(", "),
        ready.display()
    );
    let watch = Stopwatch::start();
    let first = TEST_PACKAGES.first().copied().unwrap_or_default();
    let installed = run(npm, staging, PROBE, &[first, "version"])
        .map_err(|why| format!("the registry that npm is configured for does not answer: {why}"))
        .and_then(|()| run(npm, staging, INSTALL, TEST_PACKAGES));
    if let Err(why) = installed {
        let _ = fs::remove_dir_all(staging);
        return Err(why);
    }
    let modules = staging.join("node_modules");
    let (files, bytes) = size_of(&modules).map_err(|error| failed("measure", &modules, &error))?;
    fs::rename(staging, ready).map_err(|error| failed("rename", staging, &error))?;
    println!(
        "xtask: installed {files} files, {} MB, in {}",
        bytes / 1_000_000,
        human(watch.elapsed())
    );
    Ok(())
}

/// Runs npm and shows what it says; on failure, its reason in one line.
fn run(npm: &str, folder: &Path, flags: &[&str], words: &[&str]) -> Result<(), String> {
    let mut errors = Vec::new();
    let status = stream(
        Command::new(npm)
            .args(flags)
            .args(words)
            .current_dir(folder),
        |output, line| {
            eprintln!("npm: {line}");
            if output == Output::Stderr {
                errors.push(line.to_owned());
            }
        },
    )
    .map_err(|error| format!("`{npm}` could not be run: {error}"))?;
    if status.success() {
        return Ok(());
    }
    let reason = errors.iter().find(|line| line.contains("reason:"));
    Err(reason
        .or_else(|| errors.first())
        .cloned()
        .unwrap_or_else(|| format!("`{npm}` ended with {status}")))
}

/// `<user cache>/one-plugin/test-packages`.
fn cache_folder() -> Result<PathBuf, String> {
    let absolute = |name: &str| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    absolute("XDG_CACHE_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".cache")))
        .or_else(|| absolute("LOCALAPPDATA"))
        .map(|cache| cache.join("one-plugin").join("test-packages"))
        .ok_or_else(|| "neither XDG_CACHE_HOME nor HOME is set".to_owned())
}

pub(crate) fn npm_program() -> &'static str {
    if cfg!(windows) { "npm.cmd" } else { "npm" }
}

/// A short name for a list of packages and how they are installed: FNV-1a over the words, in hexadecimal.
#[must_use]
pub fn digest(packages: &[&str], flags: &[&str]) -> String {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for word in packages.iter().chain(flags) {
        for byte in word.bytes().chain([b'\n']) {
            hash ^= u64::from(byte);
            hash = hash.wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
    format!("{hash:016x}")
}

fn size_of(folder: &Path) -> std::io::Result<(u64, u64)> {
    let mut totals = (0, 0);
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        // Of a symbolic link this is the link itself, so cycles cannot trap us.
        let kind = entry.metadata()?;
        let (files, bytes) = if kind.is_dir() {
            size_of(&entry.path())?
        } else {
            (1, kind.len())
        };
        totals = (totals.0 + files, totals.1 + bytes);
    }
    Ok(totals)
}

fn failed(verb: &str, path: &Path, error: &std::io::Error) -> String {
    format!("cannot {verb} `{}`: {error}", path.display())
}
