//! What is wrong with a case, and where in it.

use serde::Serialize;

use crate::ResolverError;
use crate::error::quoted;
use crate::version::bounded;

/// An error with the place in the case that it is about.
#[derive(Debug)]
pub(super) struct Fault {
    error: ResolverError,
    place: Box<Place>,
}

/// Whose words they are: a package's, one of its versions', its dependency's. A dependency alone is the root's.
#[derive(Debug, Default, Clone)]
pub(super) struct Place {
    pub(super) package: Option<String>,
    pub(super) version: Option<String>,
    pub(super) dependency: Option<String>,
}

/// An error as it is answered, by key.
#[derive(Debug, Serialize)]
pub(super) struct Wire {
    #[serde(rename = "_tag")]
    tag: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    dependency: Option<String>,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    package: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
}

impl Place {
    pub(super) fn package(name: &str) -> Self {
        Self {
            package: Some(bounded(name)),
            ..Self::default()
        }
    }

    pub(super) fn version(self, version: &str) -> Self {
        Self {
            version: Some(bounded(version)),
            ..self
        }
    }

    pub(super) fn dependency(self, name: &str) -> Self {
        Self {
            dependency: Some(bounded(name)),
            ..self
        }
    }

    /// What stands there stands there twice.
    pub(super) fn repeated(self) -> Fault {
        let reason = format!("{} stands there twice", self.words());
        Fault {
            error: ResolverError::InvalidCase { reason },
            place: Box::new(self),
        }
    }

    /// What stands there is wrong.
    pub(super) fn holds(self, error: ResolverError) -> Fault {
        Fault {
            error,
            place: Box::new(self),
        }
    }

    fn words(&self) -> String {
        let named = [
            ("package", &self.package),
            ("version", &self.version),
            ("dependency", &self.dependency),
        ];
        let named = named
            .into_iter()
            .filter_map(|(what, text)| Some(format!("{what} `{}`", quoted(text.as_deref()?))));
        let root = self.package.is_none().then(|| "root".to_owned());
        root.into_iter().chain(named).collect::<Vec<_>>().join(", ")
    }
}

impl From<ResolverError> for Wire {
    fn from(error: ResolverError) -> Self {
        Self {
            tag: error.tag(),
            dependency: None,
            message: error.to_string(),
            package: None,
            version: None,
        }
    }
}

impl From<Fault> for Wire {
    fn from(Fault { error, place }: Fault) -> Self {
        let message = match &error {
            // It names the place itself.
            ResolverError::InvalidCase { .. } => error.to_string(),
            _ => format!("{}: {error}", place.words()),
        };
        Self {
            tag: error.tag(),
            dependency: place.dependency,
            message,
            package: place.package,
            version: place.version,
        }
    }
}
