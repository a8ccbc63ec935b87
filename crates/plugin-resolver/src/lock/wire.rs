//! The bytes of a lock: formats 1 and 2, read strictly.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use semver::Version;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde::{Deserialize, Serialize};

use crate::error::quoted;
use crate::lock::asked::LockedRequest;
use crate::lock::{Lock, LockedNeed, LockedPackage, is_integrity};
use crate::universe::DependencyKind;
use crate::version::bounded;
use crate::{PackageName, ResolverError};

/// A lock of either format.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a lock")]
pub(crate) struct WireLock {
    format: u64,
    requirements: String,
    /// Format 2 only, and always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    request: Option<LockedRequest>,
    packages: UniqueMap<WirePackage>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a locked package")]
struct WirePackage {
    version: Version,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    integrity: Option<Box<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tag: Option<Box<str>>,
    /// Format 1 only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dependencies: Option<UniqueMap<String>>,
    /// Format 2 only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    needs: Option<WireNeeds>,
}

#[derive(Default, PartialEq, Serialize, Deserialize)]
#[serde(
    default,
    deny_unknown_fields,
    expecting = "what a locked package needs"
)]
struct WireNeeds {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    normal: Vec<Reference>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    peer: Vec<Reference>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    optional: Vec<Reference>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    optional_peer: Vec<Reference>,
}

/// `name@spec`, as npm's command line has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Reference {
    pub(crate) name: PackageName,
    pub(crate) spec: Box<str>,
}

/// The formats that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    One,
    Two,
}

/// Only the format, to say something useful about a lock from the future.
#[derive(Deserialize)]
#[serde(expecting = "a lock")]
struct Header {
    format: u64,
}

/// The number of the format that a lock says it has.
pub(crate) fn format_number(text: &str) -> Result<u64, serde_json::Error> {
    let header: Header = serde_json::from_str(text)?;
    Ok(header.format)
}

impl Format {
    pub(crate) fn read(number: u64) -> Result<Self, ResolverError> {
        match number {
            1 => Ok(Self::One),
            Lock::FORMAT => Ok(Self::Two),
            found => Err(ResolverError::LockFormatUnknown {
                found,
                known: Lock::FORMAT,
            }),
        }
    }

    fn number(self) -> u64 {
        match self {
            Self::One => 1,
            Self::Two => Lock::FORMAT,
        }
    }
}

impl TryFrom<WireLock> for Lock {
    type Error = ResolverError;

    fn try_from(wire: WireLock) -> Result<Self, Self::Error> {
        let format = Format::read(wire.format)?;
        match (format, &wire.request) {
            (Format::One, Some(_)) => return Err(broken("format 1 has no `request`".to_owned())),
            (Format::Two, None) => return Err(broken("format 2 has a `request`".to_owned())),
            (Format::One, None) | (Format::Two, Some(_)) => {}
        }
        let mut packages: BTreeMap<PackageName, LockedPackage> = wire
            .packages
            .0
            .into_iter()
            .map(|(name, package)| {
                let package = package.read(&name, format)?;
                Ok((name, package))
            })
            .collect::<Result<_, ResolverError>>()?;
        let names: Vec<PackageName> = packages.keys().cloned().collect();
        for (name, package) in &mut packages {
            for need in &mut package.needs {
                let known = names.binary_search(&need.name);
                let Some(known) = known.ok().and_then(|at| names.get(at)) else {
                    let lost = &need.name;
                    return Err(broken(format!("{name} needs {lost}, which is not in it")));
                };
                // One piece of memory for each name, so that it is compared at a glance.
                need.name = known.clone();
            }
        }
        if let Some(request) = &wire.request {
            if let Some(lost) = request.roots().find(|r| !packages.contains_key(&r.package)) {
                return Err(broken(format!("{lost} was asked for and is not in it")));
            }
            if wire.requirements != request.digest() {
                return Err(broken(
                    "`request` is not what `requirements` is the digest of".to_owned(),
                ));
            }
        }
        Ok(Self {
            requirements: wire.requirements,
            request: wire.request,
            packages,
        })
    }
}

impl From<Lock> for WireLock {
    fn from(lock: Lock) -> Self {
        let format = match lock.request {
            None => Format::One,
            Some(_) => Format::Two,
        };
        let packages = lock.packages.into_iter();
        Self {
            format: format.number(),
            requirements: lock.requirements,
            request: lock.request,
            packages: packages
                .map(|(name, package)| (name, WirePackage::write(package, format)))
                .collect(),
        }
    }
}

impl WirePackage {
    fn read(self, name: &PackageName, format: Format) -> Result<LockedPackage, ResolverError> {
        if let Some(text) = self.integrity.as_deref().filter(|text| !is_integrity(text)) {
            let text = quoted(text);
            return Err(broken(format!(
                "the integrity `{text}` of {name} is no digest such as `sha512-...`"
            )));
        }
        let needs = match (format, self.dependencies, self.needs) {
            (Format::One, dependencies, None) => {
                let dependencies = dependencies.unwrap_or_default().0.into_iter();
                dependencies
                    .map(|(name, spec)| LockedNeed {
                        name,
                        kind: None,
                        spec: spec.into(),
                    })
                    .collect()
            }
            (Format::Two, None, needs) => needs.unwrap_or_default().read(),
            (Format::One, ..) => return Err(broken("format 1 has no `needs`".to_owned())),
            (Format::Two, ..) => return Err(broken("format 2 has no `dependencies`".to_owned())),
        };
        Ok(LockedPackage {
            version: self.version,
            integrity: self.integrity,
            tag: self.tag,
            needs,
        })
    }

    fn write(package: LockedPackage, format: Format) -> Self {
        let mut written = Self {
            version: package.version,
            integrity: package.integrity,
            tag: package.tag,
            dependencies: None,
            needs: None,
        };
        if package.needs.is_empty() {
            return written;
        }
        match format {
            Format::One => {
                let needs = package.needs.into_iter();
                let needs = needs.map(|need| (need.name, need.spec.to_string()));
                written.dependencies = Some(needs.collect());
            }
            Format::Two => written.needs = Some(WireNeeds::write(package.needs)),
        }
        written
    }
}

impl WireNeeds {
    fn read(self) -> Vec<LockedNeed> {
        use DependencyKind as Kind;
        let Self {
            normal,
            peer,
            optional,
            optional_peer,
        } = self;
        let mut needs: Vec<LockedNeed> = [
            (Kind::Normal, normal),
            (Kind::Peer, peer),
            (Kind::Optional, optional),
            (Kind::OptionalPeer, optional_peer),
        ]
        .into_iter()
        .flat_map(|(kind, references)| {
            references.into_iter().map(move |reference| LockedNeed {
                name: reference.name,
                kind: Some(kind),
                spec: reference.spec.into(),
            })
        })
        .collect();
        needs.sort_unstable();
        needs.dedup();
        needs
    }

    fn write(needs: Vec<LockedNeed>) -> Self {
        let mut written = Self::default();
        for LockedNeed { name, kind, spec } in needs {
            let references = match kind {
                // INVARIANT: a kind is unknown in locks of format 1 only, and those are not written like this.
                Some(DependencyKind::Normal) | None => &mut written.normal,
                Some(DependencyKind::Peer) => &mut written.peer,
                Some(DependencyKind::Optional) => &mut written.optional,
                Some(DependencyKind::OptionalPeer) => &mut written.optional_peer,
            };
            let spec = spec.as_ref().into();
            references.push(Reference { name, spec });
        }
        written
    }
}

impl TryFrom<String> for Reference {
    type Error = ResolverError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        // A scope begins with `@` too, so the separator is looked for after the first byte.
        let at = text.char_indices().skip(1).find(|(_, c)| *c == '@');
        let Some((name, spec)) =
            at.and_then(|(at, _)| Some((text.get(..at)?, text.get(at + 1..)?)))
        else {
            return Err(ResolverError::InvalidSpec {
                text: bounded(&text),
                reason: "it is not a name, `@` and what is asked of it",
            });
        };
        Ok(Self {
            name: PackageName::new(name)?,
            spec: spec.into(),
        })
    }
}

impl From<Reference> for String {
    fn from(reference: Reference) -> Self {
        format!("{}@{}", reference.name, reference.spec)
    }
}

/// A map by package name in which no name stands twice, as it may after a careless merge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct UniqueMap<V>(pub(crate) BTreeMap<PackageName, V>);

impl<V> Default for UniqueMap<V> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<V> FromIterator<(PackageName, V)> for UniqueMap<V> {
    fn from_iter<I: IntoIterator<Item = (PackageName, V)>>(entries: I) -> Self {
        Self(entries.into_iter().collect())
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for UniqueMap<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<V>(PhantomData<V>);

        impl<'de, V: Deserialize<'de>> Visitor<'de> for Entries<V> {
            type Value = UniqueMap<V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object keyed by package name")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = BTreeMap::new();
                while let Some(name) = map.next_key::<PackageName>()? {
                    if entries.contains_key(&name) {
                        return Err(A::Error::custom(format!("{name} stands there twice")));
                    }
                    entries.insert(name, map.next_value()?);
                }
                Ok(UniqueMap(entries))
            }
        }

        deserializer.deserialize_map(Entries(PhantomData))
    }
}

fn broken(reason: String) -> ResolverError {
    ResolverError::LockUnreadable { reason }
}
