//! What npm is told to do.

use std::path::{Path, PathBuf};
use std::time::Duration;

use plugin_registry::Progress;

use crate::closure::OptionalPackages;
use crate::closure::disk::{self, Files};
use crate::npm::Npm;
use crate::{Network, NpmConfig, NpmError};

/// Flags of every run: no code of packages, nothing but the packages, nothing remembered or asked.
const ALWAYS: [&str; 15] = [
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--no-bin-links",
    "--no-workspaces",
    "--no-global",
    "--no-progress",
    "--no-update-notifier",
    "--install-strategy=hoisted",
    "--omit=dev",
    // What is then left with an address in the lock file is not the registry's.
    "--omit-lockfile-registry-resolved",
    "--package-lock",
    "--logs-max=0",
    "--loglevel=error",
    "--no-color",
];

/// From where npm takes documents and bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// Its cache only.
    Cache,
    /// Its cache, and the registry for what is not there.
    CacheFirst,
    /// The registry, which may confirm what the cache has.
    Registry,
}

impl Source {
    const fn flag(self) -> &'static str {
        match self {
            Self::Cache => "--offline",
            Self::CacheFirst => "--prefer-offline",
            Self::Registry => "--prefer-online",
        }
    }
}

/// The npm client, with the host's configuration.
#[derive(Debug)]
pub(crate) struct Client {
    npm: Npm,
    npmrc: String,
    network: Network,
    limit: Duration,
}

impl Client {
    pub(crate) fn new(npm: Npm, config: &NpmConfig, network: Network, limit: Duration) -> Self {
        let (npmrc, mut settings) = config.for_npm();
        for kind in ["git", "remote", "file", "directory"] {
            settings.insert(format!("npm_config_allow_{kind}"), "none".to_owned());
        }
        Self {
            npm: npm.with(settings, config.secrets()),
            npmrc,
            network,
            limit,
        }
    }

    /// The `.npmrc` for the directory that npm runs in. No secrets are in it.
    pub(crate) fn npmrc(&self) -> &str {
        &self.npmrc
    }

    /// Tries with each source in turn until one succeeds or fails for another reason than that
    /// npm's cache may be older than the plan.
    pub(crate) fn with_sources<T>(
        &self,
        mut attempt: impl FnMut(Source) -> Result<T, NpmError>,
    ) -> Result<T, NpmError> {
        match self.network {
            Network::Offline => attempt(Source::Cache),
            Network::Online => match attempt(Source::CacheFirst) {
                Err(error) if may_be_stale(&error) => attempt(Source::Registry),
                result => result,
            },
        }
    }

    /// Writes `package-lock.json` beside the `package.json` of this directory.
    pub(crate) fn resolve(
        &self,
        directory: &Path,
        source: Source,
        report: &mut dyn FnMut(Progress),
    ) -> Result<(), NpmError> {
        let arguments = ["install", "--package-lock-only", source.flag()];
        self.run("install --package-lock-only", &arguments, directory, report)
    }

    /// Installs what `package-lock.json` says, and nothing else.
    pub(crate) fn install(
        &self,
        directory: &Path,
        source: Source,
        optional: OptionalPackages,
        report: &mut dyn FnMut(Progress),
    ) -> Result<(), NpmError> {
        let include = match optional {
            OptionalPackages::Skip => "--omit=optional",
            OptionalPackages::Install => "--include=optional",
        };
        self.run("ci", &["ci", source.flag(), include], directory, report)
    }

    fn run(
        &self,
        step: &'static str,
        arguments: &[&str],
        directory: &Path,
        report: &mut dyn FnMut(Progress),
    ) -> Result<(), NpmError> {
        let arguments = [arguments, ALWAYS.as_slice()].concat();
        let mut look = Look::new(directory);
        let mut tick = || look.tick(report);
        let done = self
            .npm
            .run(step, &arguments, directory, self.limit, &mut tick);
        done.map(|_| ()).map_err(typed)
    }
}

/// Looks now and then at how much is there.
struct Look {
    modules: PathBuf,
    ticks: u32,
}

impl Look {
    const EVERY: u32 = 40;

    fn new(directory: &Path) -> Self {
        Self {
            modules: directory.join("node_modules"),
            ticks: 0,
        }
    }

    fn tick(&mut self, report: &mut dyn FnMut(Progress)) {
        self.ticks += 1;
        if !self.ticks.is_multiple_of(Self::EVERY) || !self.modules.exists() {
            return;
        }
        let packages = disk::packages(&self.modules);
        if let Ok(contents) = disk::walk(&self.modules, Files::Count) {
            report(Progress::Downloaded {
                bytes: contents.bytes,
                packages,
            });
        }
    }
}

fn may_be_stale(error: &NpmError) -> bool {
    matches!(
        error,
        NpmError::VersionNotFound { .. }
            | NpmError::PackageNotFound { .. }
            | NpmError::IntegrityMismatch { .. }
            | NpmError::NpmFailed { .. }
    )
}

/// npm's own codes, as errors that a caller can tell apart.
fn typed(error: NpmError) -> NpmError {
    let NpmError::NpmFailed { output, .. } = &error else {
        return error;
    };
    let Some(code) = output
        .split("; ")
        .find_map(|part| part.strip_prefix("code "))
    else {
        return error;
    };
    let some = || "a package of the closure".to_owned();
    let made = match code.trim() {
        "ENOTCACHED" => Some(NpmError::Offline {
            what: after(output, "request to ")
                .unwrap_or("a package")
                .to_owned(),
        }),
        "E401" | "ENEEDAUTH" => Some(unauthorized(output, 401)),
        "E403" => Some(unauthorized(output, 403)),
        "E404" => quoted(output).map(|id| NpmError::PackageNotFound {
            package: id.to_owned(),
        }),
        "ETARGET" => after(output, "version found for ")
            .and_then(|id| id.rsplit_once('@'))
            .map(|(package, version)| NpmError::VersionNotFound {
                package: package.to_owned(),
                version: version.to_owned(),
            }),
        "ECONNREFUSED" | "ECONNRESET" | "ENOTFOUND" | "ETIMEDOUT" | "EAI_AGAIN"
        | "ERR_SOCKET_TIMEOUT" | "EIDLETIMEOUT" | "ECONNECTIONTIMEOUT" => Some(NpmError::Network {
            what: some(),
            attempts: 1,
            reason: output.clone(),
        }),
        "EALLOWGIT" | "EALLOWREMOTE" | "EALLOWFILE" | "EALLOWDIRECTORY" => {
            let kind = code.trim().trim_start_matches("EALLOW").to_lowercase();
            Some(NpmError::Unverifiable {
                package: some(),
                reason: format!("it comes from outside the registry ({kind})"),
            })
        }
        "EINTEGRITY" => {
            after(output, "wanted ")
                .zip(after(output, "but got "))
                .map(|(expected, actual)| NpmError::IntegrityMismatch {
                    package: some(),
                    expected: expected.to_owned(),
                    actual: actual.to_owned(),
                })
        }
        _ => None,
    };
    made.unwrap_or(error)
}

fn unauthorized(output: &str, status: u16) -> NpmError {
    NpmError::Unauthorized {
        what: one_ontology::excerpt(output, 300),
        status,
        sent_credentials: true,
    }
}

/// The word behind `mark`.
fn after<'a>(text: &'a str, mark: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(mark)?;
    let word = rest.split_ascii_whitespace().next()?;
    Some(word.trim_end_matches(['.', ';']))
}

/// What stands in the first single quotes.
fn quoted(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once('\'')?;
    rest.split_once('\'').map(|(quoted, _)| quoted)
}
