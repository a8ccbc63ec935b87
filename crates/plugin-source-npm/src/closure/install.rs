//! Installing closures: each once, whole or not at all.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use plugin_registry::{Progress, Reused};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::NpmError;
use crate::cache::create_dir;
use crate::closure::client::Client;
use crate::closure::disk::{self, Files};
use crate::closure::lock::Lock;
use crate::closure::places::Places;
use crate::closure::request::ClosureRequest;
use crate::closure::sizes::sizes;
use crate::registry::Registry;

/// What becomes of dependencies that packages declare as optional.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OptionalPackages {
    /// They are left out. In this ecosystem they are binaries for one platform each (of bun,
    /// esbuild, canvas): a third of the bytes, and native code that no sandbox of a language holds.
    #[default]
    Skip,
    /// They are installed, for plugins that do not work without.
    Install,
}

impl OptionalPackages {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Skip => "skip",
            Self::Install => "install",
        }
    }
}

/// Packages with everything they need, on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closure {
    /// The lower-case hexadecimal SHA-256 of the canonical list of what was asked for.
    pub digest: String,
    /// A directory with `node_modules`. Its files are read-only, and nothing of an organisation
    /// is in it.
    pub directory: PathBuf,
    /// How many packages there are, ordinary libraries included.
    pub packages: u64,
    /// Their size on disk, in bytes.
    pub bytes: u64,
    /// Libraries, as `name@version`, that the registry vouches for with SHA-1 only. npm has
    /// checked them; whoever wants more must choose other versions.
    pub weak: BTreeSet<String>,
    /// Whether it was there already.
    pub reused: Reused,
}

/// What installing would bring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// The digest of the closure.
    pub digest: String,
    /// How many packages.
    pub packages: u64,
    /// Compressed bytes to fetch at most, of those packages whose size the registry tells. What npm has in
    /// its cache is not fetched again.
    pub download: u64,
    /// How many packages' sizes the registry does not tell.
    pub unknown: u64,
    /// Whether it is there already, and nothing will be fetched.
    pub reused: Reused,
}

/// The note in each closure that says what it is.
#[derive(Debug, Serialize, Deserialize)]
struct Note {
    format: u32,
    digest: String,
    optional: String,
    packages: BTreeMap<String, String>,
    count: u64,
    bytes: u64,
    weak: BTreeSet<String>,
}

const FORMAT: u32 = 1;

/// Where closures are and what installs them.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) root: PathBuf,
    pub(crate) limit: Duration,
    pub(crate) concurrency: usize,
}

/// The closures of this host.
#[derive(Debug)]
pub(crate) struct Closures {
    places: Places,
    client: Client,
    registry: Arc<Registry>,
    settings: Settings,
    stagings: AtomicU64,
}

type Report<'a> = &'a mut dyn FnMut(Progress);

impl Closures {
    pub(crate) fn new(settings: Settings, client: Client, registry: Arc<Registry>) -> Self {
        Self {
            places: Places::new(&settings.root),
            client,
            registry,
            settings,
            stagings: AtomicU64::new(0),
        }
    }

    /// What installing would bring, after npm has resolved it. The resolution is kept, so that
    /// installing brings exactly this.
    pub(crate) fn estimate(&self, request: &ClosureRequest) -> Result<Estimate, NpmError> {
        let digest = request.digest();
        if let Some(closure) = self.present(request, &digest)? {
            return Ok(Estimate {
                digest,
                packages: closure.packages,
                download: 0,
                unknown: 0,
                reused: Reused::Reused,
            });
        }
        let _held = self.places.lock(&digest, self.settings.limit, &mut || {})?;
        let staging = self.staging(request, &digest)?;
        let resolved = self.resolve(request, &digest, &staging, &mut |_| {});
        let _leftover = disk::remove(&staging);
        let lock = resolved?;
        let wanted = || {
            let skip = request.optional == OptionalPackages::Skip;
            lock.packages()
                .filter(move |place| !(skip && place.optional))
        };
        let packages = wanted().count() as u64;
        // A package that stands in several places is fetched once.
        let wanted = wanted()
            .map(|place| (place.name.clone(), place.version.clone()))
            .collect();
        let (download, unknown) = sizes(&self.registry, wanted, self.settings.concurrency);
        Ok(Estimate {
            digest,
            packages,
            download,
            unknown,
            reused: Reused::Fetched,
        })
    }

    /// Gives the closure, after installing it if it is not there.
    pub(crate) fn install(
        &self,
        request: &ClosureRequest,
        report: Report<'_>,
    ) -> Result<Closure, NpmError> {
        let digest = request.digest();
        if let Some(closure) = self.present(request, &digest)? {
            return Ok(closure);
        }
        let mut told = false;
        let _held = self.places.lock(&digest, self.settings.limit, &mut || {
            if !std::mem::replace(&mut told, true) {
                step(
                    report,
                    "waiting for another process that installs the same packages",
                );
            }
        })?;
        // Another process may have been first.
        if let Some(closure) = self.present(request, &digest)? {
            return Ok(closure);
        }
        let target = self.places.closure(&digest);
        self.places.clear_stagings(&digest);
        if target.exists() {
            // It is there and not what it says: nobody may use it any longer.
            let aside = self.places.staging(&digest, self.number());
            create_dir(&self.places.stagings())?;
            fs::rename(&target, &aside)
                .map_err(|error| NpmError::disk("set aside", &target, error))?;
            disk::remove(&aside)?;
        }
        let staging = self.staging(request, &digest)?;
        let installed = self.fill(request, &digest, &staging, report);
        let published = installed.and_then(|note| {
            fs::rename(&staging, &target)
                .map_err(|error| NpmError::disk("publish", &target, error))?;
            Ok(note)
        });
        match published {
            Ok(note) => {
                // The npm of a killed process may have written on until a moment ago.
                self.places.clear_stagings(&digest);
                Ok(closure(note, target, Reused::Fetched))
            }
            Err(error) => {
                let _leftover = disk::remove(&staging);
                Err(error)
            }
        }
    }

    /// The closure if it is there and is what it says.
    fn present(&self, request: &ClosureRequest, digest: &str) -> Result<Option<Closure>, NpmError> {
        let directory = self.places.closure(digest);
        let Some(text) = disk::read(&directory.join("closure.json"))? else {
            return Ok(None);
        };
        let Ok(note) = serde_json::from_slice::<Note>(&text) else {
            return Ok(None);
        };
        let sound = note.format == FORMAT
            && note.digest == digest
            && check_versions(request, &directory).is_ok();
        Ok(sound.then(|| closure(note, directory, Reused::Reused)))
    }

    fn fill(
        &self,
        request: &ClosureRequest,
        digest: &str,
        staging: &Path,
        report: Report<'_>,
    ) -> Result<Note, NpmError> {
        let lock = self.resolve(request, digest, staging, report)?;
        let wanted = lock
            .packages()
            .filter(|p| !p.optional || request.optional == OptionalPackages::Install)
            .count();
        step(
            report,
            &format!("npm installs {wanted} packages, without running their scripts"),
        );
        self.client.with_sources(|source| {
            self.client
                .install(staging, source, request.optional, report)
        })?;
        let hidden = staging.join("node_modules").join(".package-lock.json");
        let text = disk::read(&hidden)?
            .ok_or_else(|| NpmError::document("node_modules", "npm left no list of what it did"))?;
        let installed = Lock::parse(&text)?;
        let weak = installed.verify(request)?;
        check_versions(request, staging)?;
        remove_file(&staging.join(".npmrc"))?;
        let contents = disk::walk(staging, Files::Protect)?;
        let packages = installed.len();
        report(Progress::Downloaded {
            bytes: contents.bytes,
            packages,
        });
        let versions = request.pins.iter();
        let note = Note {
            format: FORMAT,
            digest: digest.to_owned(),
            optional: request.optional.name().to_owned(),
            packages: versions
                .map(|(n, p)| (n.clone(), p.version.clone()))
                .collect(),
            count: packages,
            bytes: contents.bytes,
            weak,
        };
        let text = serde_json::to_vec_pretty(&note)
            .map_err(|error| NpmError::disk("write", staging, error.into()))?;
        disk::write(&staging.join("closure.json"), &text)?;
        Ok(note)
    }

    /// Puts a verified `package-lock.json` into the staging directory: the one from before, or
    /// npm's answer of now, which is then kept.
    fn resolve(
        &self,
        request: &ClosureRequest,
        digest: &str,
        staging: &Path,
        report: Report<'_>,
    ) -> Result<Lock, NpmError> {
        let path = staging.join("package-lock.json");
        let kept = self.places.resolution(digest);
        if let Some(text) = disk::read(&kept)?
            && let Ok(lock) = Lock::parse(&text)
            && lock.verify(request).is_ok()
        {
            disk::write(&path, &text)?;
            return Ok(lock);
        }
        step(
            report,
            &format!("npm resolves what {} packages need", request.pins.len()),
        );
        let (text, lock) = self.client.with_sources(|source| {
            remove_file(&path)?;
            self.client.resolve(staging, source, report)?;
            let text = disk::read(&path)?
                .ok_or_else(|| NpmError::document("package-lock.json", "npm wrote none"))?;
            let lock = Lock::parse(&text)?;
            lock.verify(request)?;
            Ok((text, lock))
        })?;
        let temporary = staging.join("resolution");
        disk::write(&temporary, &text)?;
        self.places.keep_resolution(digest, &temporary)?;
        Ok(lock)
    }

    fn staging(&self, request: &ClosureRequest, digest: &str) -> Result<PathBuf, NpmError> {
        let staging = self.places.staging(digest, self.number());
        disk::remove(&staging)?;
        create_dir(&staging)?;
        disk::write(
            &staging.join("package.json"),
            request.package_json().as_bytes(),
        )?;
        disk::write(&staging.join(".npmrc"), self.client.npmrc().as_bytes())?;
        Ok(staging)
    }

    fn number(&self) -> u64 {
        self.stagings.fetch_add(1, Ordering::Relaxed)
    }
}

fn remove_file(path: &Path) -> Result<(), NpmError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(NpmError::disk("remove", path, error))
        }
        _ => Ok(()),
    }
}

fn closure(note: Note, directory: PathBuf, reused: Reused) -> Closure {
    Closure {
        digest: note.digest,
        directory,
        packages: note.count,
        bytes: note.bytes,
        weak: note.weak,
        reused,
    }
}

fn step(report: Report<'_>, what: &str) {
    report(Progress::Step {
        what: what.to_owned(),
    });
}

/// What is on disk is what was asked for.
fn check_versions(request: &ClosureRequest, directory: &Path) -> Result<(), NpmError> {
    for (name, pin) in &request.pins {
        let path = directory
            .join("node_modules")
            .join(name)
            .join("package.json");
        let text = disk::read(&path)?.unwrap_or_default();
        let json: Value = serde_json::from_slice(&text).unwrap_or_default();
        let found = |key: &str| json.get(key).and_then(Value::as_str).unwrap_or("nothing");
        if found("name") != name || found("version") != pin.version {
            return Err(NpmError::ClosureDiffers {
                package: name.clone(),
                planned: pin.version.clone(),
                found: format!("`{}@{}` on disk", found("name"), found("version")),
            });
        }
    }
    Ok(())
}
