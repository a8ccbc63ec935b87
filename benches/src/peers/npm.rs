//! npm's own resolver, in a Node process of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::problem::{Edge, Problem};

const PROGRAM: &str = include_str!("../../js/arborist.mjs");

/// What npm needed for one tree.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NpmTree {
    /// CPU time of the process, the median of several rounds after a first one.
    pub milliseconds: f64,
    /// Packages in the tree, each copy counted.
    pub copies: u32,
    /// Names in the tree.
    pub names: u32,
}

/// Builds npm's ideal tree for a problem's first request; nothing if that takes more CPU time than it may. Files for it are written to the folder, which should be empty.
///
/// # Errors
///
/// Why it could not be measured, in words: Node or npm is not installed, npm's resolver is not where npm keeps it, or it failed.
pub fn npm_tree(
    problem: &Problem,
    folder: &Path,
    rounds: u32,
    limit: Duration,
) -> Result<Option<NpmTree>, String> {
    let arborist = arborist()?;
    let file = |name: &str| folder.join(name);
    let input = json!({
        "packuments": packuments(problem),
        "roots": dependencies(problem, &problem.requests[0]),
    });
    let project = file("project");
    fs::create_dir_all(&project).map_err(|error| error.to_string())?;
    for (name, text) in [
        ("problem.json", input.to_string()),
        ("arborist.mjs", PROGRAM.to_owned()),
    ] {
        fs::write(file(name), text).map_err(|error| error.to_string())?;
    }
    let output = Command::new("node")
        .args([
            &file("arborist.mjs"),
            &arborist,
            &file("problem.json"),
            &project,
        ])
        .args([rounds.to_string(), limit.as_secs().to_string()])
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("node: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let fields: Vec<&str> = text.split_whitespace().collect();
    if fields == ["limit"] {
        return Ok(None);
    }
    let [milliseconds, copies, names] = fields[..] else {
        let error = String::from_utf8_lossy(&output.stderr);
        let line = error.lines().find(|line| line.contains("Error"));
        return Err(format!("it failed: {}", line.unwrap_or("without words")));
    };
    Ok(Some(NpmTree {
        milliseconds: milliseconds.parse().unwrap(),
        copies: copies.parse().unwrap(),
        names: names.parse().unwrap(),
    }))
}

/// npm brings its resolver along.
fn arborist() -> Result<PathBuf, String> {
    let output = Command::new("npm")
        .args(["root", "--global"])
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("npm: {error}"))?;
    let root = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let folder = Path::new(&root).join("npm/node_modules/@npmcli/arborist");
    if folder.is_dir() {
        Ok(folder)
    } else {
        Err("npm's resolver is not in npm's own folder".to_owned())
    }
}

fn packuments(problem: &Problem) -> Value {
    let packuments = problem.packages.iter().map(|package| {
        let versions = package.releases.iter().map(|release| {
            let manifest = json!({
                "name": package.name,
                "version": release.version,
                "dependencies": dependencies(problem, &release.edges),
                "dist": {"tarball": format!("http://127.0.0.1/{}-{}.tgz", package.name, release.version)},
            });
            (release.version.clone(), manifest)
        });
        let latest = package.releases.last().map(|release| &release.version);
        let packument = json!({
            "name": package.name,
            "dist-tags": {"latest": latest},
            "versions": Map::from_iter(versions),
        });
        (package.name.clone(), packument)
    });
    Value::Object(packuments.collect())
}

fn dependencies(problem: &Problem, edges: &[Edge]) -> Value {
    let entry = |edge: &Edge| {
        let name = problem.packages[edge.target].name.clone();
        (name, Value::from(edge.text.clone()))
    };
    Value::Object(edges.iter().map(entry).collect())
}
