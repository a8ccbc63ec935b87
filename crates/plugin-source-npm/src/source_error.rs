//! npm's errors, as the port has them.

use plugin_registry::SourceError;

use crate::NpmError;

impl NpmError {
    /// The port's error for this one. `asked` is what was asked for, where the error does not say.
    #[must_use]
    pub fn into_source(self, asked: &str) -> SourceError {
        let asked = one_ontology::excerpt(asked, 214);
        let reason = self.to_string();
        match self {
            Self::PackageNotFound { package } => SourceError::NotFound { what: package },
            Self::VersionNotFound { package, version } => SourceError::NotFound {
                what: format!("{package}@{version}"),
            },
            Self::Unauthorized { what, .. } => SourceError::Denied { what, reason },
            Self::RateLimited { what, .. }
            | Self::Network { what, .. }
            | Self::UnexpectedStatus { what, .. }
            | Self::Offline { what } => SourceError::Unavailable { what, reason },
            Self::RegistryUnknown { .. } | Self::ShutDown => SourceError::Unavailable {
                what: asked,
                reason,
            },
            Self::TooLarge { what, limit } => SourceError::TooLarge { what, limit },
            Self::InvalidDocument { package, reason }
            | Self::InvalidTarball { package, reason } => SourceError::Malformed {
                what: package,
                reason,
            },
            Self::InvalidRequest { .. } => SourceError::Malformed {
                what: asked,
                reason,
            },
            Self::IntegrityMismatch {
                package,
                expected,
                actual,
            } => SourceError::IntegrityMismatch {
                what: package,
                expected,
                got: actual,
            },
            Self::Unverifiable { package, reason } => SourceError::IntegrityMismatch {
                what: package,
                expected: "a sha512 digest".to_owned(),
                got: reason,
            },
            Self::NpmUnavailable { .. } => SourceError::ToolMissing {
                tool: "npm".to_owned(),
                reason,
            },
            Self::ClosureDiffers { .. }
            | Self::InvalidSetting { .. }
            | Self::NpmFailed { .. }
            | Self::NpmTimedOut { .. }
            | Self::Disk { .. } => SourceError::Failed {
                what: asked,
                reason,
            },
        }
    }
}
