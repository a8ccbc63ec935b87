//! What a registry says of one release.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::DependencyKind;
use crate::PackageName;
use crate::spec::Spec;

/// What is known of one release.
///
/// ```
/// use plugin_resolver::{DependencyKind, ReleaseFacts};
/// # fn main() -> Result<(), plugin_resolver::ResolverError> {
/// let facts = ReleaseFacts::new()
///     .needs("@elizaos/core".parse()?, "^1.0.0".parse()?, DependencyKind::Peer)
///     .integrity("sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=");
/// # let _ = facts;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReleaseFacts {
    pub(super) dependencies: Vec<(PackageName, Spec, DependencyKind)>,
    /// By entry.
    pub(super) exports: BTreeMap<Box<str>, Exports>,
    pub(super) unlisted: Unlisted,
    /// By package and entry.
    pub(super) imports: BTreeMap<(PackageName, Box<str>), BTreeSet<Box<str>>>,
    pub(super) integrity: Option<Box<str>>,
    pub(super) deprecated: Option<Box<str>>,
    pub(super) yanked: bool,
    /// Seconds since 1970.
    pub(super) published: Option<i64>,
}

impl ReleaseFacts {
    /// A release that needs nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a dependency. Several on one package must all be met.
    #[must_use]
    pub fn needs(mut self, name: PackageName, spec: Spec, kind: DependencyKind) -> Self {
        self.dependencies.push((name, spec, kind));
        self
    }

    /// Adds the digest of the package's bytes, as the registry gives it: `sha512-...`. What is no such digest is handed on as it is, and
    /// not written into locks.
    #[must_use]
    pub fn integrity(mut self, integrity: &str) -> Self {
        self.integrity = Some(integrity.into());
        self
    }

    /// Marks the release as deprecated, with its publisher's words. It is taken only where nothing else fits.
    #[must_use]
    pub fn deprecated(mut self, message: &str) -> Self {
        self.deprecated = Some(message.into());
        self
    }

    /// Marks the release as withdrawn. It is taken only where nothing else fits.
    #[must_use]
    pub fn yanked(mut self) -> Self {
        self.yanked = true;
        self
    }

    /// Adds when the release was published; a fraction of a second is left out. Only a [`Cooldown`](crate::Cooldown) asks for it.
    #[must_use]
    pub fn published_at(mut self, time: DateTime<Utc>) -> Self {
        self.published = Some(time.timestamp());
        self
    }

    /// Adds what one entry of the package exports. An entry is written as in `exports` of a `package.json`: `.` or `./v1`.
    ///
    /// Once any entry is added, entries that are not do not exist, unless [`Self::unlisted`] says otherwise. A release for which none is
    /// added may export anything.
    ///
    /// ```
    /// use plugin_resolver::{DependencyKind, Exports, ReleaseFacts, Request, Universe, parse_version, resolve};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut builder = Universe::builder();
    /// let exporting = |names: &[&str]| ReleaseFacts::new().exports(".", Exports::names(names.iter().copied()));
    /// builder
    ///     .release("core".parse()?, parse_version("1.7.1")?, exporting(&["Service", "getContext"]))
    ///     .release("core".parse()?, parse_version("1.7.2")?, exporting(&["Service"]));
    /// let plugin = ReleaseFacts::new()
    ///     .needs("core".parse()?, "^1".parse()?, DependencyKind::Peer)
    ///     .imports("core".parse()?, ".", ["getContext"]);
    /// builder.release("plugin".parse()?, parse_version("0.3.0")?, plugin);
    /// let resolution = resolve(&builder.build(), &Request::new().root("plugin".parse()?, "*".parse()?))?;
    /// assert_eq!(resolution.version(&"core".parse()?), Some(&parse_version("1.7.1")?));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn exports(mut self, entry: &str, exports: Exports) -> Self {
        self.exports.insert(entry.into(), exports);
        self
    }

    /// Says what is true of entries that were not added.
    #[must_use]
    pub fn unlisted(mut self, unlisted: Unlisted) -> Self {
        self.unlisted = unlisted;
        self
    }

    /// Adds names that the release imports from an entry of another package; no names where only the entry itself is known to be loaded.
    ///
    /// If that package is selected too, it must have the entry and export all of them from it. The import alone does not bring the package: that
    /// is what a dependency does.
    #[must_use]
    pub fn imports<'a>(
        mut self,
        package: PackageName,
        entry: &str,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let imported = self.imports.entry((package, entry.into())).or_default();
        imported.extend(names.into_iter().map(Box::from));
        self
    }
}

/// The names that one entry of a package exports.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Exports {
    /// These and no others.
    Names(BTreeSet<Box<str>>),
    /// Not known: any import is admitted.
    Unknown,
}

impl Exports {
    /// These names and no others; a default export is called `default`.
    pub fn names<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        Self::Names(names.into_iter().map(Box::from).collect())
    }
}

/// What is true of the entries of a package that are not listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Unlisted {
    /// They do not exist, as where a `package.json` has `exports`.
    #[default]
    Absent,
    /// They may exist and export anything, as where it has none and each file can be reached.
    Unknown,
}
