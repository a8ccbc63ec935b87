//! Names of npm packages.

use std::borrow::Borrow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ResolverError;
use crate::version::bounded;

/// The longest name that the npm registry accepts, in bytes.
const MAX_NAME_BYTES: usize = 214;

/// The name of an npm package, such as `@elizaos/core`. Cheap to clone.
///
/// Names that the registry accepted in the past (upper-case letters, `~'!()*`) are accepted, as installed packages have them.
// INVARIANT: valid by `check`, so at most 214 bytes of ASCII without spaces or control characters.
#[derive(Clone, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PackageName(Arc<str>);

impl PackageName {
    /// Reads a name.
    ///
    /// # Errors
    ///
    /// [`ResolverError::InvalidPackageName`] with the rule that the text breaks.
    pub fn new(text: &str) -> Result<Self, ResolverError> {
        match check(text) {
            Ok(()) => Ok(Self(Arc::from(text))),
            Err(reason) => Err(ResolverError::InvalidPackageName {
                text: bounded(text),
                reason,
            }),
        }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The scope without its `@`, if there is one.
    #[must_use]
    pub fn scope(&self) -> Option<&str> {
        let (scope, _) = self.0.strip_prefix('@')?.split_once('/')?;
        Some(scope)
    }
}

/// Names are passed on by reference, so that equal ones are mostly the same piece of memory.
impl PartialEq for PackageName {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0 == other.0
    }
}

impl Hash for PackageName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl fmt::Display for PackageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for PackageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

impl FromStr for PackageName {
    type Err = ResolverError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::new(text)
    }
}

impl TryFrom<String> for PackageName {
    type Error = ResolverError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::new(&text)
    }
}

impl From<PackageName> for String {
    fn from(name: PackageName) -> Self {
        name.0.as_ref().to_owned()
    }
}

impl Borrow<str> for PackageName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for PackageName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

fn check(text: &str) -> Result<(), &'static str> {
    if text.is_empty() {
        return Err("it is empty");
    }
    if text.len() > MAX_NAME_BYTES {
        return Err("it is longer than 214 bytes");
    }
    match text.strip_prefix('@') {
        Some(rest) => {
            let Some((scope, name)) = rest.split_once('/') else {
                return Err("a scope is followed by `/` and a name");
            };
            check_part(scope)?;
            check_part(name)
        }
        None => {
            check_part(text)?;
            if text.starts_with(['_', '-']) {
                return Err("it starts with `_` or `-`");
            }
            let lower = text.to_ascii_lowercase();
            if lower == "node_modules" || lower == "favicon.ico" {
                return Err("the name is reserved");
            }
            Ok(())
        }
    }
}

fn check_part(part: &str) -> Result<(), &'static str> {
    if part.is_empty() {
        return Err("a part of it is empty");
    }
    if part.starts_with('.') {
        return Err("a part of it starts with `.`");
    }
    if part
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&b))
    {
        Ok(())
    } else {
        Err("only letters, digits and `-_.!~*'()` may stand in it")
    }
}
