//! What was asked for when a lock was made.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use semver::Version;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::quoted;
use crate::lock::wire::{Reference, UniqueMap};
use crate::request::Policy;
use crate::spec::Spec;
use crate::universe::real_name;
use crate::{PackageName, Prereleases, Request};

/// What of a request decides its answer, as a lock keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedRequest {
    roots: Vec<LockedRoot>,
    #[serde(default)]
    hosts: UniqueMap<Version>,
    policy: Policy,
    prereleases: Prereleases,
}

/// One thing that was asked for; in a lock `name@spec`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Reference", into = "Reference")]
#[non_exhaustive]
pub struct LockedRoot {
    /// The name it was asked for by.
    pub name: PackageName,
    /// What was asked of it, as it was written.
    pub spec: Box<str>,
    /// The package that is meant: another than `name` if that is an alias.
    pub package: PackageName,
}

/// Something that is asked for otherwise than when a lock was made. As JSON an object whose `change` names the variant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "change", rename_all = "snake_case")]
#[non_exhaustive]
pub enum RequestChange {
    /// A package is asked for that was not.
    RootAdded {
        /// Its name.
        name: PackageName,
        /// What is asked of it.
        asked: String,
    },
    /// A package is no longer asked for.
    RootRemoved {
        /// Its name.
        name: PackageName,
        /// What was asked of it.
        locked: String,
    },
    /// Something else is asked of a package.
    RootChanged {
        /// Its name.
        name: PackageName,
        /// What was asked of it; several specifiers are joined by ` and `.
        locked: String,
        /// What is asked of it now.
        asked: String,
    },
    /// The same is asked for in another order, which decides who comes first where not everything can be the newest.
    RootsReordered,
    /// The host provides another version of a package.
    HostChanged {
        /// Its name.
        name: PackageName,
        /// What it provided; nothing if it did not.
        locked: Option<Version>,
        /// What it provides now; nothing if it no longer does.
        asked: Option<Version>,
    },
    /// Other versions are preferred.
    PolicyChanged {
        /// Which were.
        locked: Policy,
        /// Which are now.
        asked: Policy,
    },
    /// Other prereleases are admitted.
    PrereleasesChanged {
        /// Which were.
        locked: Prereleases,
        /// Which are now.
        asked: Prereleases,
    },
    /// Something changed, and the lock, being of format 1, does not say what.
    Unrecorded,
}

impl LockedRequest {
    pub(crate) fn of(request: &Request) -> Self {
        let roots = request.roots.iter();
        Self {
            roots: roots
                .map(|(name, spec)| LockedRoot::of(name, spec))
                .collect(),
            hosts: UniqueMap(request.hosts.as_ref().clone()),
            policy: request.policy,
            prereleases: request.prereleases,
        }
    }

    /// What was asked for, in order of importance.
    pub fn roots(&self) -> impl ExactSizeIterator<Item = &LockedRoot> {
        self.roots.iter()
    }

    /// The packages that the host provided, by name.
    pub fn hosts(&self) -> impl ExactSizeIterator<Item = (&PackageName, &Version)> {
        self.hosts.0.iter()
    }

    /// Which versions were preferred.
    #[must_use]
    pub fn policy(&self) -> Policy {
        self.policy
    }

    /// Which prereleases were admitted.
    #[must_use]
    pub fn prereleases(&self) -> Prereleases {
        self.prereleases
    }

    /// The request again, so that it can be asked of another universe: without a lock, and with all that is not locked as in
    /// [`Request::new`].
    ///
    /// # Errors
    ///
    /// [`ResolverError::InvalidSpec`](crate::ResolverError::InvalidSpec) if a specifier cannot be read: locks keep the words as they are.
    ///
    /// ```
    /// # use plugin_resolver::{ReleaseFacts, Request, Universe, parse_version, resolve};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut builder = Universe::builder();
    /// # builder.release("a".parse()?, parse_version("1.0.0")?, ReleaseFacts::new());
    /// let lock = resolve(&builder.build(), &Request::new().root("a".parse()?, "^1".parse()?))?.lock();
    /// let again = lock.request().map(|locked| locked.to_request()).transpose()?;
    /// assert!(again.is_some_and(|again| lock.answers(&again)));
    /// # Ok(())
    /// # }
    /// ```
    pub fn to_request(&self) -> Result<Request, crate::ResolverError> {
        let mut request = Request::new()
            .policy(self.policy)
            .prereleases(self.prereleases);
        for root in &self.roots {
            request = request.root(root.name.clone(), root.spec.parse()?);
        }
        for (name, version) in self.hosts() {
            request = request.host(name.clone(), version.clone());
        }
        Ok(request)
    }

    /// SHA-256 of the compact JSON of this: `sha256-` and lower-case hexadecimal.
    pub(crate) fn digest(&self) -> String {
        // Serialization of strings and maps keyed by strings into memory does not fail.
        sha256(&serde_json::to_vec(self).unwrap_or_default())
    }

    /// What is different in `asked`.
    pub(crate) fn changes(&self, asked: &Self) -> Vec<RequestChange> {
        let mut changes = self.root_changes(asked);
        if changes.is_empty() && self.roots != asked.roots {
            changes.push(RequestChange::RootsReordered);
        }
        changes.extend(self.host_changes(asked));
        if self.policy != asked.policy {
            changes.push(RequestChange::PolicyChanged {
                locked: self.policy,
                asked: asked.policy,
            });
        }
        if self.prereleases != asked.prereleases {
            changes.push(RequestChange::PrereleasesChanged {
                locked: self.prereleases,
                asked: asked.prereleases,
            });
        }
        changes
    }

    fn root_changes(&self, asked: &Self) -> Vec<RequestChange> {
        let (locked, asked) = (self.by_name(), asked.by_name());
        let names: BTreeSet<&PackageName> = locked.keys().chain(asked.keys()).copied().collect();
        let change = |name: &PackageName| match (locked.get(name), asked.get(name)) {
            (None, Some(asked)) => Some(RequestChange::RootAdded {
                name: name.clone(),
                asked: asked.join(" and "),
            }),
            (Some(locked), None) => Some(RequestChange::RootRemoved {
                name: name.clone(),
                locked: locked.join(" and "),
            }),
            (Some(locked), Some(asked)) if locked != asked => Some(RequestChange::RootChanged {
                name: name.clone(),
                locked: locked.join(" and "),
                asked: asked.join(" and "),
            }),
            _ => None,
        };
        names.into_iter().filter_map(change).collect()
    }

    fn by_name(&self) -> BTreeMap<&PackageName, Vec<&str>> {
        let mut by_name: BTreeMap<&PackageName, Vec<&str>> = BTreeMap::new();
        for root in &self.roots {
            by_name.entry(&root.name).or_default().push(&root.spec);
        }
        for specs in by_name.values_mut() {
            specs.sort_unstable();
        }
        by_name
    }

    fn host_changes(&self, asked: &Self) -> Vec<RequestChange> {
        let (locked, asked) = (&self.hosts.0, &asked.hosts.0);
        let names: BTreeSet<&PackageName> = locked.keys().chain(asked.keys()).collect();
        names
            .into_iter()
            .filter(|name| locked.get(*name) != asked.get(*name))
            .map(|name| RequestChange::HostChanged {
                name: name.clone(),
                locked: locked.get(name).cloned(),
                asked: asked.get(name).cloned(),
            })
            .collect()
    }
}

impl LockedRoot {
    fn of(name: &PackageName, spec: &Spec) -> Self {
        Self {
            package: real_name(name, spec).clone(),
            name: name.clone(),
            spec: spec.to_string().into(),
        }
    }
}

impl fmt::Display for LockedRoot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, quoted(&self.spec))
    }
}

impl fmt::Display for RequestChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RootAdded { name, asked } => {
                write!(f, "{name} {} is asked for, it was not", quoted(asked))
            }
            Self::RootRemoved { name, locked } => {
                write!(f, "{name} {} is no longer asked for", quoted(locked))
            }
            Self::RootChanged {
                name,
                locked,
                asked,
            } => write!(
                f,
                "{name} is asked for as {}, it was locked for {}",
                quoted(asked),
                quoted(locked)
            ),
            Self::RootsReordered => f.write_str("the same is asked for in another order"),
            Self::HostChanged {
                name,
                locked,
                asked,
            } => match (locked, asked) {
                (Some(locked), Some(asked)) => {
                    write!(f, "the host provides {name} {asked}, it provided {locked}")
                }
                (None, Some(asked)) => {
                    write!(f, "the host provides {name} {asked}, it provided none")
                }
                (Some(locked), None) => {
                    write!(f, "the host no longer provides {name}, it provided {locked}")
                }
                (None, None) => write!(f, "the host does not provide {name}"),
            },
            Self::PolicyChanged { locked, asked } => {
                write!(f, "the {asked} versions are preferred, it was the {locked}")
            }
            Self::PrereleasesChanged { asked, .. } => f.write_str(match asked {
                Prereleases::Everywhere => {
                    "prereleases are admitted everywhere, they were only where named"
                }
                Prereleases::WhereNamed => {
                    "prereleases are admitted only where named, they were everywhere"
                }
            }),
            Self::Unrecorded => f.write_str(
                "something else is asked for; the lock has format 1, which does not keep what it was",
            ),
        }
    }
}

impl TryFrom<Reference> for LockedRoot {
    type Error = crate::ResolverError;

    fn try_from(reference: Reference) -> Result<Self, Self::Error> {
        let Reference { name, spec } = reference;
        // Only an alias needs to be understood; every other text is kept as the words it is.
        let package = match spec.starts_with("npm:") {
            true => real_name(&name, &Spec::parse(&spec)?).clone(),
            false => name.clone(),
        };
        Ok(Self {
            name,
            spec,
            package,
        })
    }
}

impl From<LockedRoot> for Reference {
    fn from(root: LockedRoot) -> Self {
        Self {
            name: root.name,
            spec: root.spec,
        }
    }
}

/// What locks of format 1 keep of a request, without the order of its roots.
pub(crate) fn digest_of_format_1(request: &Request) -> String {
    let roots = request.roots.iter();
    let hosts = request.hosts.iter();
    let mut lines: Vec<String> = roots
        .map(|(name, spec)| format!("root {name} {}", serde_json::Value::from(spec.to_string())))
        .chain(hosts.map(|(name, version)| format!("host {name} {version}")))
        .collect();
    lines.sort_unstable();
    lines.dedup();
    lines.push(format!("policy {}", request.policy));
    lines.push(match request.prereleases {
        Prereleases::WhereNamed => "prereleases where_named".to_owned(),
        Prereleases::Everywhere => "prereleases everywhere".to_owned(),
    });
    sha256(lines.join("\n").as_bytes())
}

fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256-{hex}")
}
