//! Who decides which versions of a package a lock can have.

use std::fmt;

use semver::Version;
use serde::Serialize;

use crate::error::quoted;
use crate::lock::Lock;
use crate::spec::Spec;
use crate::universe::{Bits, FIRST, Need, Package, Universe};
use crate::{Demand, PackageName, Prereleases};

/// Someone who keeps a package at a version. As JSON an object whose `by` names the variant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "by", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Holder {
    /// What was asked for.
    Request {
        /// As it was written.
        spec: String,
    },
    /// The host, by providing it.
    Host {
        /// The version that it provides.
        version: Version,
    },
    /// Another package.
    Package {
        /// Its name.
        name: PackageName,
        /// Its version.
        version: Version,
        /// What it asks.
        demand: Demand,
    },
    /// Nobody by a word about it: the newer version does not go together with the rest, or what was asked for earlier would be older.
    Rest,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request { spec } => write!(f, "you ask for {}", quoted(spec)),
            Self::Host { version } => write!(f, "the host provides {version}"),
            Self::Package {
                name,
                version,
                demand,
            } => match demand {
                Demand::Spec(spec) => write!(f, "{name} {version} needs {}", quoted(spec)),
                Demand::Symbols { entry, names } => match names.first() {
                    Some(first) => write!(f, "{name} {version} imports {}", quoted(first)),
                    None => write!(f, "{name} {version} imports {}", quoted(entry)),
                },
            },
            Self::Rest => f.write_str("it does not go together with the rest"),
        }
    }
}

/// A lock in the numbers of a universe.
pub(super) struct Held<'a> {
    universe: &'a Universe,
    lock: &'a Lock,
    prereleases: Prereleases,
    /// Package and release of everything locked that the universe knows.
    releases: Vec<(u32, u32)>,
}

impl<'a> Held<'a> {
    pub(super) fn new(universe: &'a Universe, lock: &'a Lock) -> Self {
        let releases = lock.versions().filter_map(|(name, version)| {
            let package = universe.package_index(name)?;
            Some((package, universe.package(package)?.index_of(version)?))
        });
        Self {
            universe,
            lock,
            prereleases: lock
                .request()
                .map_or_else(Prereleases::default, |r| r.prereleases()),
            releases: releases.collect(),
        }
    }

    /// Everyone who says something about a package, with the releases that suit them.
    pub(super) fn holders(&self, name: &PackageName) -> Vec<(Holder, Bits)> {
        let found = self.universe.package_index(name);
        let Some((number, package)) = found.and_then(|n| Some((n, self.universe.package(n)?)))
        else {
            return Vec::new();
        };
        let mut holders: Vec<(Holder, Bits)> = Vec::new();
        if let Some(request) = self.lock.request() {
            let roots = request.roots().filter(|root| root.package == *name);
            holders.extend(roots.map(|root| {
                let spec = root.spec.to_string();
                let suits = Spec::parse(&spec)
                    .ok()
                    .map(|spec| package.admitted(&spec, self.prereleases));
                (Holder::Request { spec }, suits.unwrap_or(Bits::EMPTY))
            }));
            let hosts = request.hosts().filter(|(host, _)| *host == name);
            holders.extend(hosts.map(|(_, version)| {
                let suits = package
                    .index_of(version)
                    .map_or(Bits::EMPTY, Bits::singleton);
                let version = version.clone();
                (Holder::Host { version }, suits)
            }));
        }
        for (by, release) in self.releases.iter().filter(|(by, _)| *by != number) {
            let Some(dependent) = self.universe.package(*by) else {
                continue;
            };
            let Some(release) = dependent.release(*release) else {
                continue;
            };
            let needs = release
                .edges
                .iter()
                .filter_map(|edge| self.universe.need(edge.need));
            let needs = needs.filter(|need| need.target == number && need.takes_part());
            holders.extend(needs.filter_map(|need| {
                let holder = Holder::Package {
                    name: dependent.name.clone(),
                    version: release.version.clone(),
                    demand: Demand::of(self.universe, need)?,
                };
                Some((holder, self.suits(need, package)))
            }));
        }
        holders
    }

    /// Whether all that a release needs is in the lock, in versions that suit it.
    pub(super) fn provides_for(&self, package: Package<'_>, release: u32) -> bool {
        let edges = package.edges(release).iter();
        let mut needs = edges.filter_map(|edge| self.universe.need(edge.need));
        needs.all(|need| {
            let target = self
                .universe
                .package(need.target)
                .filter(|_| need.takes_part());
            let Some(target) = target.filter(|target| target.name != package.name) else {
                return true;
            };
            match self
                .releases
                .binary_search_by_key(&need.target, |(package, _)| *package)
            {
                Ok(at) => {
                    let suits = self.suits(need, target);
                    self.releases
                        .get(at)
                        .is_some_and(|(_, release)| suits.contains(*release))
                }
                Err(_) => !need.kind().is_required(),
            }
        })
    }

    fn suits(&self, need: Need, target: Package<'_>) -> Bits {
        match (self.prereleases, self.universe.need_spec(need)) {
            (Prereleases::Everywhere, Some((spec, _))) => target.admitted(spec, self.prereleases),
            _ => self.universe.admitted(need).cloned().unwrap_or(Bits::EMPTY),
        }
    }
}

/// The releases of a package from the newest on, those that are deprecated or withdrawn left out.
pub(super) fn sound<'a>(package: Package<'a>) -> impl Iterator<Item = u32> + 'a {
    (FIRST..package.limit())
        .rev()
        .filter(move |at| !package.avoided.contains(*at))
}
