//! The part of `cargo metadata` that the checks read.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::process::capture;

/// The workspace as cargo sees it.
#[derive(Debug, Clone)]
pub struct Workspace {
    /// Its root folder.
    pub root: PathBuf,
    /// Its crates by name.
    pub crates: BTreeMap<String, Crate>,
}

/// One workspace crate.
#[derive(Debug, Clone)]
pub struct Crate {
    /// The folder of its manifest, relative to the root, with `/`.
    pub folder: String,
    /// The root file of its library, relative to the root, if it has one.
    pub library: Option<String>,
    /// What its manifest names, in every kind.
    pub dependencies: Vec<Dependency>,
}

/// One line of a manifest's dependency tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// The crate that is depended on.
    pub name: String,
    /// For what.
    pub kind: Kind,
}

/// What a dependency is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Part of the crate itself.
    Normal,
    /// Its build script.
    Build,
    /// Its tests.
    Dev,
}

impl Workspace {
    /// Asks cargo.
    ///
    /// # Errors
    ///
    /// A sentence, when cargo fails or answers in a shape not known here.
    pub fn load(root: &Path) -> Result<Self, String> {
        let arguments = ["metadata", "--format-version", "1", "--no-deps"];
        let text = capture(root, "cargo", &arguments)?;
        Self::parse(&text)
    }

    /// Reads the output of `cargo metadata --no-deps`.
    ///
    /// # Errors
    ///
    /// A sentence that names what is missing.
    pub fn parse(text: &str) -> Result<Self, String> {
        let document: Value = serde_json::from_str(text)
            .map_err(|error| format!("cargo metadata is not JSON: {error}"))?;
        let root = PathBuf::from(string(&document, "workspace_root")?);
        let mut crates = BTreeMap::new();
        for package in list(&document, "packages")? {
            let name = string(package, "name")?.to_owned();
            crates.insert(name, Crate::parse(&root, package)?);
        }
        Ok(Self { root, crates })
    }
}

impl Crate {
    fn parse(root: &Path, package: &Value) -> Result<Self, String> {
        let manifest = relative(root, string(package, "manifest_path")?);
        let folder = manifest
            .trim_end_matches("Cargo.toml")
            .trim_end_matches('/');
        let mut library = None;
        for target in list(package, "targets")? {
            let kinds = list(target, "kind")?;
            if kinds
                .iter()
                .any(|kind| kind == "lib" || kind == "proc-macro")
            {
                library = Some(relative(root, string(target, "src_path")?));
            }
        }
        let dependencies = list(package, "dependencies")?
            .iter()
            .map(Dependency::parse)
            .collect::<Result<_, _>>()?;
        Ok(Self {
            folder: folder.to_owned(),
            library,
            dependencies,
        })
    }
}

impl Dependency {
    fn parse(dependency: &Value) -> Result<Self, String> {
        let kind = match dependency.get("kind").and_then(Value::as_str) {
            None => Kind::Normal,
            Some("build") => Kind::Build,
            Some("dev") => Kind::Dev,
            Some(other) => return Err(format!("cargo metadata: unknown kind `{other}`")),
        };
        Ok(Self {
            name: string(dependency, "name")?.to_owned(),
            kind,
        })
    }
}

fn relative(root: &Path, path: &str) -> String {
    Path::new(path)
        .strip_prefix(root)
        .map_or(path.to_owned(), |inside| {
            inside.to_string_lossy().replace('\\', "/")
        })
}

fn string<'a>(value: &'a Value, field: &str) -> Result<&'a str, String> {
    value
        .get(field)
        .and_then(Value::as_str)
        .ok_or_else(|| format!("cargo metadata: no text in `{field}`"))
}

fn list<'a>(value: &'a Value, field: &str) -> Result<&'a Vec<Value>, String> {
    value
        .get(field)
        .and_then(Value::as_array)
        .ok_or_else(|| format!("cargo metadata: no list in `{field}`"))
}
