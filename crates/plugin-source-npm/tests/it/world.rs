//! Small packages, a registry that has them, and an npm with a home of its own.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use plugin_registry::{PackagePin, Progress, ProgressSink, StageRequest};
use plugin_source_npm::{NpmOptions, NpmSource};
use semver::Version;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha512};
use tempfile::TempDir;

use crate::server::{Answer, Asked, Server, skip, source_in};

/// Packages by name and version.
#[derive(Default)]
pub(crate) struct Packages {
    documents: BTreeMap<String, BTreeMap<String, Value>>,
    pub(crate) tarballs: BTreeMap<String, Vec<u8>>,
}

impl Packages {
    pub(crate) fn add(mut self, name: &str, version: &str, more: Value) -> Self {
        let mut package = json!({"name": name, "version": version, "main": "index.js"});
        for (key, value) in more.as_object().unwrap() {
            package[key] = value.clone();
        }
        let bytes = tarball(&[
            ("package/package.json", package.to_string().as_bytes()),
            ("package/index.js", b"module.exports = 1\n"),
        ]);
        package["dist"] = json!({"integrity": sri(&bytes), "path": tarball_path(name, version)});
        let versions = self.documents.entry(name.to_owned()).or_default();
        versions.insert(version.to_owned(), package);
        self.tarballs.insert(tarball_path(name, version), bytes);
        self
    }

    pub(crate) fn pin(&self, name: &str, version: &str) -> PackagePin {
        let dist = &self.documents[name][version]["dist"];
        PackagePin {
            name: name.to_owned(),
            version: Version::parse(version).unwrap(),
            integrity: Some(dist["integrity"].as_str().unwrap().to_owned()),
        }
    }

    pub(crate) fn answer(&self, host: &str, asked: &Asked) -> Answer {
        let path = asked.path();
        if let Some(bytes) = self.tarballs.get(path) {
            return Answer::ok(bytes.clone());
        }
        let name = path.trim_start_matches('/').replace("%2f", "/");
        let Some(versions) = self.documents.get(&name) else {
            return Answer::status(404);
        };
        let mut versions = versions.clone();
        for package in versions.values_mut() {
            let path = package["dist"]["path"].as_str().unwrap().to_owned();
            package["dist"]["tarball"] = Value::from(format!("http://{host}{path}"));
        }
        let latest = versions.keys().last().unwrap();
        let document = json!({"name": name, "dist-tags": {"latest": latest}, "versions": versions});
        Answer::ok(document.to_string()).with("content-type", "application/json")
    }
}

fn tarball_path(name: &str, version: &str) -> String {
    let base = name.rsplit('/').next().unwrap();
    format!("/{name}/-/{base}-{version}.tgz")
}

pub(crate) fn sri(bytes: &[u8]) -> String {
    format!("sha512-{}", STANDARD.encode(Sha512::digest(bytes)))
}

/// A gzipped tar archive of plain files.
pub(crate) fn tarball(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = Vec::new();
    for (name, content) in files {
        let mut header = [0_u8; 512];
        let mut put =
            |at: usize, text: &str| header[at..at + text.len()].copy_from_slice(text.as_bytes());
        put(0, name);
        put(100, "0000644\0");
        put(108, "0000000\0");
        put(116, "0000000\0");
        put(124, &format!("{:011o}\0", content.len()));
        put(136, "00000000000\0");
        put(148, "        ");
        put(156, "0");
        put(257, "ustar\x0000");
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        tar.extend(header);
        tar.extend(*content);
        tar.resize(tar.len().next_multiple_of(512), 0);
    }
    tar.resize(tar.len() + 1024, 0);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gzip, &tar).unwrap();
    gzip.finish().unwrap()
}

/// A registry, npm with a home and cache of its own, and the directory of both.
pub(crate) struct World {
    pub(crate) server: Server,
    pub(crate) directory: TempDir,
    path: String,
}

impl World {
    /// Nothing, loudly, where there is no npm.
    pub(crate) fn new(what: &str, packages: Arc<Packages>) -> Option<Self> {
        Self::guarded(what, packages, |_| None)
    }

    /// A registry with a guard that may answer first.
    pub(crate) fn guarded(
        what: &str,
        packages: Arc<Packages>,
        guard: impl Fn(&Asked) -> Option<Answer> + Send + Sync + 'static,
    ) -> Option<Self> {
        let path = std::env::var("PATH").unwrap_or_default();
        let npm = std::process::Command::new("npm").arg("--version").output();
        if !npm.is_ok_and(|output| output.status.success()) {
            skip(what, "npm is not on the path");
            return None;
        }
        let server = Server::named("127.0.0.1", move |own| {
            let own = own.to_owned();
            move |asked| guard(asked).unwrap_or_else(|| packages.answer(&own, asked))
        });
        Some(Self {
            server,
            directory: TempDir::new().unwrap(),
            path,
        })
    }

    pub(crate) fn source(&self, change: impl FnOnce(&mut NpmOptions)) -> NpmSource {
        self.source_with("", change)
    }

    pub(crate) fn source_with(
        &self,
        npmrc: &str,
        change: impl FnOnce(&mut NpmOptions),
    ) -> NpmSource {
        let home = self.directory.path().join("home");
        std::fs::create_dir_all(&home).unwrap();
        let npmrc = format!(
            "registry={}\ncache={}\nfetch-retries=0\n{npmrc}",
            self.server.url(),
            home.join("cache").display()
        );
        source_in(&self.directory, &npmrc, |options| {
            let home = home.display().to_string();
            options.environment = [("PATH", self.path.clone()), ("HOME", home)]
                .map(|(k, v)| (k.to_owned(), v))
                .into();
            change(options);
        })
    }

    pub(crate) fn closures(&self) -> std::path::PathBuf {
        self.directory.path().join("closures")
    }

    /// The names in the directory of closures, without the three of its own.
    pub(crate) fn published(&self) -> Vec<String> {
        names(&self.closures())
            .into_iter()
            .filter(|name| !name.starts_with('.'))
            .collect()
    }

    pub(crate) fn tarballs_fetched(&self) -> usize {
        let asked = self.server.asked();
        asked
            .iter()
            .filter(|a| a.line.starts_with("GET") && a.path().ends_with(".tgz"))
            .count()
    }
}

pub(crate) fn names(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let mut names: Vec<_> = entries
        .map(|e| e.file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

pub(crate) fn request(pins: &[PackagePin]) -> StageRequest {
    StageRequest {
        packages: pins.to_vec(),
    }
}

/// A plugin with a library, an optional package, a script, and a wish for another core.
pub(crate) fn plugin() -> Arc<Packages> {
    let plugin = json!({
        "dependencies": {"lib": "^1.0.0", "@x/core": "^2.0.0"},
        "optionalDependencies": {"opt": "*"},
        "devDependencies": {"missing-dev": "*"},
        "bin": {"evil": "index.js"},
        "scripts": {
            "preinstall": "echo ran > ../../ran",
            "install": "echo ran > ../../ran",
            "postinstall": "echo ran > ../../ran"
        },
    });
    Arc::new(
        Packages::default()
            .add("@x/plugin", "1.0.0", plugin)
            .add("@x/core", "1.0.0", json!({}))
            .add("@x/core", "2.0.0", json!({}))
            .add("lib", "1.0.0", json!({}))
            .add(
                "lib",
                "1.2.0",
                json!({"dependencies": {"@x/core": "2.0.0"}}),
            )
            .add("lib", "2.0.0", json!({}))
            .add("opt", "1.0.0", json!({})),
    )
}

pub(crate) fn plugin_pins(packages: &Packages) -> Vec<PackagePin> {
    vec![
        packages.pin("@x/core", "1.0.0"),
        packages.pin("@x/plugin", "1.0.0"),
    ]
}

#[derive(Debug, Default)]
pub(crate) struct Notes(pub(crate) Mutex<Vec<Progress>>);

impl ProgressSink for Notes {
    fn report(&self, progress: Progress) {
        self.0.lock().unwrap().push(progress);
    }
}
