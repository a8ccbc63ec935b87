//! Everything that can go wrong between this host and an npm registry.

use std::io;
use std::path::{Path, PathBuf};

use one_ontology::excerpt;

/// What went wrong, named by what the caller can do about it. No message holds a token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NpmError {
    /// Look at the spelling, or at the registry that is configured for the scope.
    #[error("the registry has no package `{package}`")]
    PackageNotFound {
        /// The package asked for.
        package: String,
    },
    /// Ask for a version that is there.
    #[error("package `{package}` has no version `{version}`")]
    VersionNotFound {
        /// The package.
        package: String,
        /// The version asked for.
        version: String,
    },
    /// Configure a token for this registry in `.npmrc`.
    #[error("the registry refused `{what}` with status {status}: {}", if *sent_credentials { "the configured credentials are not enough" } else { "no credentials are configured for it" })]
    Unauthorized {
        /// What was asked for.
        what: String,
        /// 401 or 403.
        status: u16,
        /// Whether credentials went along.
        sent_credentials: bool,
    },
    /// Wait, then ask again.
    #[error("the registry asks to slow down while fetching `{what}`{}", retry_after_seconds.map_or_else(String::new, |s| format!(", retry in {s} s")))]
    RateLimited {
        /// What was asked for.
        what: String,
        /// What the registry said, if it did.
        retry_after_seconds: Option<u64>,
    },
    /// Look at the network, the proxy and the certificates; then ask again.
    #[error("could not fetch `{what}` after {attempts} attempt(s): {reason}")]
    Network {
        /// What was asked for.
        what: String,
        /// How often it was tried.
        attempts: u32,
        /// The last reason.
        reason: String,
    },
    /// The registry answered with something that is not an answer to this question.
    #[error("the registry answered `{what}` with status {status}")]
    UnexpectedStatus {
        /// What was asked for.
        what: String,
        /// The status.
        status: u16,
    },
    /// Raise the bound, if this much is expected.
    #[error("`{what}` is larger than the bound of {limit} bytes")]
    TooLarge {
        /// What was asked for.
        what: String,
        /// The bound.
        limit: u64,
    },
    /// The registry's document cannot be used; others are not concerned.
    #[error("the document of `{package}` is not usable: {reason}")]
    InvalidDocument {
        /// The package.
        package: String,
        /// Why.
        reason: String,
    },
    /// The bytes are the published ones and no archive that can be read: tell the author.
    #[error("the tarball of `{package}` cannot be read: {reason}")]
    InvalidTarball {
        /// Package and version.
        package: String,
        /// Why.
        reason: String,
    },
    /// Go online once, or choose what is there.
    #[error("`{what}` is not in the local cache and this host works offline")]
    Offline {
        /// What was asked for.
        what: String,
    },
    /// The bytes are not the ones that were promised: do not use them.
    #[error("the bytes of `{package}` have digest `{actual}`, expected `{expected}`")]
    IntegrityMismatch {
        /// Package and version.
        package: String,
        /// What was promised.
        expected: String,
        /// What arrived.
        actual: String,
    },
    /// There is no digest that is good enough to rely on.
    #[error("the integrity of `{package}` cannot be checked: {reason}")]
    Unverifiable {
        /// Package and version.
        package: String,
        /// Why, with the algorithm that was found.
        reason: String,
    },
    /// npm would install something other than the plan.
    #[error("npm resolves `{package}` to {found}, the plan says {planned}")]
    ClosureDiffers {
        /// The package.
        package: String,
        /// What the plan says.
        planned: String,
        /// What npm says.
        found: String,
    },
    /// The request names no packages, one twice, or a malformed one.
    #[error("the list of packages is not usable: {reason}")]
    InvalidRequest {
        /// Why.
        reason: String,
    },
    /// Name a registry, or make npm available to ask for its own.
    #[error("no registry is configured and npm could not be asked for its own: {reason}")]
    RegistryUnknown {
        /// Why npm could not be asked.
        reason: String,
    },
    /// Correct the npm configuration.
    #[error("the npm setting `{key}` is not usable: {reason}")]
    InvalidSetting {
        /// The setting.
        key: String,
        /// Why, without its value.
        reason: String,
    },
    /// Install Node with npm.
    #[error("npm could not be started from `{program}`: {reason}")]
    NpmUnavailable {
        /// What was tried.
        program: String,
        /// Why.
        reason: String,
    },
    /// Read what npm says.
    #[error("npm {step} ended with {status}: {output}")]
    NpmFailed {
        /// What npm was doing.
        step: &'static str,
        /// Its exit status, or the signal.
        status: String,
        /// The end of what it printed, on one line, without tokens.
        output: String,
    },
    /// Ask again, or allow more time.
    #[error("npm {step} was ended after {seconds} s")]
    NpmTimedOut {
        /// What npm was doing.
        step: &'static str,
        /// The time allowed.
        seconds: u64,
    },
    /// Look at the disk and its permissions.
    #[error("could not {action} `{}`: {source}", path.display())]
    Disk {
        /// What was tried.
        action: &'static str,
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The threads of this source have ended.
    #[error("this npm source is shut down")]
    ShutDown,
}

impl NpmError {
    /// Each tag with what to do about it.
    pub const TAGS: &'static [(&'static str, &'static str)] = &[
        (
            "NpmPackageNotFound",
            "check the spelling and which registry is configured for the scope",
        ),
        ("NpmVersionNotFound", "ask for a version that is published"),
        (
            "NpmUnauthorized",
            "configure a token for this registry in .npmrc",
        ),
        ("NpmRateLimited", "wait, then ask again"),
        (
            "NpmNetworkError",
            "check the network, proxy and certificates, then ask again",
        ),
        (
            "NpmUnexpectedStatus",
            "check that the configured registry is an npm registry",
        ),
        ("NpmTooLarge", "raise the bound if this much is expected"),
        (
            "NpmInvalidDocument",
            "report it to the registry; other packages are not concerned",
        ),
        (
            "NpmInvalidTarball",
            "tell the package's author, and choose another version",
        ),
        ("NpmOffline", "go online once, or choose what is there"),
        (
            "NpmIntegrityMismatch",
            "do not use the bytes; clear the cache and ask again",
        ),
        (
            "NpmUnverifiable",
            "choose a version that is published with sha512 integrity",
        ),
        (
            "NpmClosureDiffers",
            "plan again; the registry or the npm configuration has changed",
        ),
        (
            "NpmInvalidRequest",
            "name each package once, with an exact version",
        ),
        (
            "NpmRegistryUnknown",
            "set `registry` in .npmrc or install npm",
        ),
        ("NpmInvalidSetting", "correct the npm configuration"),
        ("NpmUnavailable", "install Node 20 or newer with npm"),
        ("NpmFailed", "read what npm says and act on it"),
        ("NpmTimedOut", "ask again, or allow more time"),
        ("NpmDiskError", "check the disk and its permissions"),
        ("NpmShutDown", "make a new source"),
    ];

    /// The stable machine name of this error.
    #[must_use]
    pub fn tag(&self) -> &'static str {
        match self {
            Self::PackageNotFound { .. } => "NpmPackageNotFound",
            Self::VersionNotFound { .. } => "NpmVersionNotFound",
            Self::Unauthorized { .. } => "NpmUnauthorized",
            Self::RateLimited { .. } => "NpmRateLimited",
            Self::Network { .. } => "NpmNetworkError",
            Self::UnexpectedStatus { .. } => "NpmUnexpectedStatus",
            Self::TooLarge { .. } => "NpmTooLarge",
            Self::InvalidDocument { .. } => "NpmInvalidDocument",
            Self::InvalidTarball { .. } => "NpmInvalidTarball",
            Self::Offline { .. } => "NpmOffline",
            Self::IntegrityMismatch { .. } => "NpmIntegrityMismatch",
            Self::Unverifiable { .. } => "NpmUnverifiable",
            Self::ClosureDiffers { .. } => "NpmClosureDiffers",
            Self::InvalidRequest { .. } => "NpmInvalidRequest",
            Self::RegistryUnknown { .. } => "NpmRegistryUnknown",
            Self::InvalidSetting { .. } => "NpmInvalidSetting",
            Self::NpmUnavailable { .. } => "NpmUnavailable",
            Self::NpmFailed { .. } => "NpmFailed",
            Self::NpmTimedOut { .. } => "NpmTimedOut",
            Self::Disk { .. } => "NpmDiskError",
            Self::ShutDown => "NpmShutDown",
        }
    }

    pub(crate) fn disk(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Disk {
            action,
            path: path.to_owned(),
            source,
        }
    }

    pub(crate) fn document(package: &str, reason: &str) -> Self {
        Self::InvalidDocument {
            package: excerpt(package, 128),
            reason: excerpt(reason, 256),
        }
    }

    pub(crate) fn request(reason: &str) -> Self {
        Self::InvalidRequest {
            reason: excerpt(reason, 256),
        }
    }

    pub(crate) fn setting(key: &str, reason: &str) -> Self {
        Self::InvalidSetting {
            key: excerpt(key, 128),
            reason: reason.to_owned(),
        }
    }
}
