//! What to do so that something is not said of an instance any more.

use std::fmt;

use crate::{Notice, PluginInstance};

/// What to do so that something is not said of an instance any more.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WayOut {
    /// It is the plugin itself: another version of it.
    AnotherVersion,
    /// It is a package that plugins share: its packages are resolved anew, in the same version or another one.
    OtherPackages,
    /// It is a plugin that it needs: that is to be another version first.
    UpdateFirst {
        /// Its package.
        package: String,
    },
}

impl WayOut {
    /// For a notice of an instance.
    #[must_use]
    pub fn of(instance: &PluginInstance, notice: &Notice) -> Self {
        let mut members = instance.members.iter();
        if notice.package == instance.npm_package {
            Self::AnotherVersion
        } else if members.any(|it| it.package == notice.package) {
            Self::UpdateFirst {
                package: notice.package.to_string(),
            }
        } else {
            Self::OtherPackages
        }
    }
}

impl fmt::Display for WayOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AnotherVersion => f.write_str("`update` it"),
            Self::OtherPackages => {
                f.write_str("`update` it, which takes other packages where it stays at its version")
            }
            Self::UpdateFirst { package } => {
                write!(f, "`update` {package}, then it")
            }
        }
    }
}
