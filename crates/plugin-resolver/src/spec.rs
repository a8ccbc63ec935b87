//! What a dependency may ask for: a range, or one of the other things people publish.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use crate::version::{bounded, is_js_space};
use crate::{PackageName, Prereleases, Range, ResolverError};

/// The longest specifier that is read, in bytes.
const MAX_BYTES: usize = Range::MAX_BYTES;

/// The right-hand side of a dependency, read as npm reads it.
///
/// ```
/// use plugin_resolver::{Spec, UnresolvableKind};
/// # fn main() -> Result<(), plugin_resolver::ResolverError> {
/// assert!(matches!("^1.2".parse()?, Spec::Range(_)));
/// assert!(matches!("latest".parse()?, Spec::Tag(_)));
/// assert!(matches!("workspace:*".parse()?, Spec::Workspace(_)));
/// assert!(matches!("npm:other@^1".parse()?, Spec::Alias { .. }));
/// assert!(matches!(
///     "github:owner/repo".parse()?,
///     Spec::Unresolvable { kind: UnresolvableKind::Git, .. }
/// ));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Spec {
    /// Versions by order.
    Range(Range),
    /// A name that the registry points at one version: `latest`.
    Tag(Box<str>),
    /// `workspace:` with what follows the colon. It has a meaning only inside the repository it was written in; published, it is
    /// a mistake of the publisher.
    Workspace(Box<str>),
    /// `npm:name@spec`: another package under this name.
    Alias {
        /// The package that is really meant.
        name: PackageName,
        /// What is asked of it: a range or a tag.
        spec: Box<Spec>,
    },
    /// Something that no registry version answers.
    Unresolvable {
        /// What it is.
        kind: UnresolvableKind,
        /// The text as it was given.
        text: Box<str>,
    },
}

/// Where a dependency points when it does not point at the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum UnresolvableKind {
    /// A git repository: `git+https://...`, `github:owner/repo`, `owner/repo#branch`.
    Git,
    /// A tarball at an address: `https://...`.
    Url,
    /// `file:`.
    File,
    /// `link:` or `portal:`.
    Link,
    /// A path: `./x`, `../x`, `/x`, `~/x`.
    Path,
    /// `catalog:`, a version kept elsewhere in the publisher's repository.
    Catalog,
    /// `patch:`, a package with local changes.
    Patch,
    /// A protocol that is not known.
    Protocol,
    /// Text that is no dependency at all: `>>1`.
    Unreadable,
}

impl UnresolvableKind {
    /// The kind in words, as they stand in an explanation.
    #[must_use]
    pub fn describe(self) -> &'static str {
        match self {
            Self::Git => "a git repository",
            Self::Url => "a tarball by address",
            Self::File => "a local file",
            Self::Link => "a local link",
            Self::Path => "a local path",
            Self::Catalog => "a catalog of its publisher's repository",
            Self::Patch => "a locally patched package",
            Self::Protocol => "an unknown protocol",
            Self::Unreadable => "text that npm cannot read",
        }
    }
}

impl Spec {
    /// Reads a specifier.
    ///
    /// # Errors
    ///
    /// [`ResolverError::InvalidSpec`] for text that is none of the forms, [`ResolverError::InvalidPackageName`] for a wrong
    /// name in an alias, [`ResolverError::InputTooLarge`] beyond 64 KiB.
    pub fn parse(text: &str) -> Result<Self, ResolverError> {
        if text.len() > MAX_BYTES {
            return Err(ResolverError::InputTooLarge {
                what: "a dependency specifier in bytes",
                found: text.len(),
                limit: MAX_BYTES,
            });
        }
        let trimmed = text.trim_matches(is_js_space);
        if let Some(rest) = trimmed.strip_prefix("workspace:") {
            return Ok(Self::Workspace(rest.into()));
        }
        if let Some(rest) = trimmed.strip_prefix("npm:") {
            return alias(rest, text);
        }
        if let Some(kind) = unresolvable(trimmed) {
            return Ok(Self::Unresolvable {
                kind,
                text: trimmed.into(),
            });
        }
        let range = Range::parse(text, Prereleases::WhereNamed);
        match range {
            Ok(range) => Ok(Self::Range(range)),
            Err(too_large @ ResolverError::InputTooLarge { .. }) => Err(too_large),
            Err(_) if is_tag(trimmed) => Ok(Self::Tag(trimmed.into())),
            Err(_) => Err(ResolverError::InvalidSpec {
                text: bounded(text),
                reason: "it is neither a range nor a tag nor another known form",
            }),
        }
    }
}

impl Spec {
    /// The text, as [`Display`](fmt::Display) writes it.
    pub(crate) fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Range(range) => Cow::Borrowed(range.as_str()),
            Self::Tag(text) | Self::Unresolvable { text, .. } => Cow::Borrowed(text),
            Self::Workspace(_) | Self::Alias { .. } => Cow::Owned(self.to_string()),
        }
    }

    /// The tag that it asks for, by its own name or as an alias.
    pub(crate) fn tag(&self) -> Option<&str> {
        match self {
            Self::Tag(tag) => Some(tag),
            Self::Alias { spec, .. } => match spec.as_ref() {
                Self::Tag(tag) => Some(tag),
                _ => None,
            },
            _ => None,
        }
    }

    /// The rule for prereleases under which the text was read.
    pub(crate) fn prereleases(&self) -> Prereleases {
        match self {
            Self::Range(range) => range.prereleases(),
            Self::Alias { spec, .. } => match spec.as_ref() {
                Self::Range(range) => range.prereleases(),
                _ => Prereleases::WhereNamed,
            },
            _ => Prereleases::WhereNamed,
        }
    }
}

impl fmt::Display for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Range(range) => range.fmt(f),
            Self::Tag(tag) => f.pad(tag),
            Self::Workspace(rest) => write!(f, "workspace:{rest}"),
            Self::Alias { name, spec } => write!(f, "npm:{name}@{spec}"),
            Self::Unresolvable { text, .. } => f.pad(text),
        }
    }
}

impl FromStr for Spec {
    type Err = ResolverError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl From<Range> for Spec {
    fn from(range: Range) -> Self {
        Self::Range(range)
    }
}

fn alias(rest: &str, text: &str) -> Result<Spec, ResolverError> {
    // A scope begins with `@` too, so the separator is looked for after the first byte.
    let separator = rest
        .char_indices()
        .skip(1)
        .find(|(_, c)| *c == '@')
        .map(|(at, _)| at);
    let (name, spec) = match separator {
        Some(at) => (
            rest.get(..at).unwrap_or_default(),
            rest.get(at + 1..).unwrap_or_default(),
        ),
        None => (rest, "*"),
    };
    let name = PackageName::new(name)?;
    // One level only: an alias of an alias is refused, as npm refuses it.
    if spec.starts_with("npm:") {
        return Err(ResolverError::InvalidSpec {
            text: bounded(text),
            reason: "an alias cannot point at an alias",
        });
    }
    match Spec::parse(spec)? {
        spec @ (Spec::Range(_) | Spec::Tag(_)) => Ok(Spec::Alias {
            name,
            spec: Box::new(spec),
        }),
        _ => Err(ResolverError::InvalidSpec {
            text: bounded(text),
            reason: "an alias points at a range or a tag",
        }),
    }
}

fn unresolvable(text: &str) -> Option<UnresolvableKind> {
    use UnresolvableKind as Kind;
    if text.starts_with("./")
        || text.starts_with("../")
        || text.starts_with('/')
        || text.starts_with("~/")
    {
        return Some(Kind::Path);
    }
    if matches!(text, "." | "..") {
        return Some(Kind::Path);
    }
    if let Some((scheme, _)) = text.split_once(':') {
        let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
        if is_scheme {
            return Some(match scheme.to_ascii_lowercase().as_str() {
                "http" | "https" if is_git_path(text) => Kind::Git,
                "http" | "https" => Kind::Url,
                "file" => Kind::File,
                "link" | "portal" => Kind::Link,
                "catalog" => Kind::Catalog,
                "patch" => Kind::Patch,
                "git" | "github" | "gitlab" | "bitbucket" | "gist" | "ssh" => Kind::Git,
                scheme if scheme.starts_with("git+") => Kind::Git,
                _ => Kind::Protocol,
            });
        }
        // `git@host:owner/repo.git`
        if scheme.starts_with("git@") {
            return Some(Kind::Git);
        }
    }
    // `owner/repo`, the short form of a GitHub repository.
    let (path, _) = text.split_once('#').unwrap_or((text, ""));
    let (owner, repository) = path.split_once('/')?;
    let plain = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphanumeric())
            && part
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    };
    (plain(owner) && plain(repository)).then_some(Kind::Git)
}

fn is_git_path(text: &str) -> bool {
    let (path, _) = text.split_once('#').unwrap_or((text, ""));
    path.ends_with(".git")
}

/// What needs no escaping in an address, as npm asks of a tag.
fn is_tag(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 214
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&b))
}
