//! Whether a lock still is an answer. Nothing is chosen here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use semver::Version;

use super::instance::{Effect, Instance};
use crate::lock::{is_integrity, is_within};
use crate::spec::Spec;
use crate::universe::{ABSENT, Bits, DependencyKind, Edge, FIRST, IDLE, Package, real_name};
use crate::{
    Demand, Drift, Drifted, Failure, Lock, LockedNeed, LockedPackage, PackageName, Requirer,
};

/// The locked versions as (package, version) indexes, or everything that speaks against them.
pub(crate) fn select(instance: &Instance<'_>, lock: &Lock) -> Result<Vec<(u32, u32)>, Failure> {
    let mut check = Check {
        instance,
        lock,
        indexes: Vec::with_capacity(lock.packages().len()),
        known: vec![Known::NOTHING; instance.universe.count()],
        open: Vec::new(),
        unknown: BTreeSet::new(),
        gone: Vec::new(),
        drift: Vec::new(),
    };
    let answers = lock.answers(instance.request);
    if !answers {
        let changes = lock.request_changes(instance.request);
        let changes = changes.into_iter().map(Drifted::Request);
        check.drift.extend(changes);
    }
    let selected = check.locked();
    // Of another request that is said, and nothing that follows from it.
    if answers {
        check.tags();
    }
    check.roots();
    check.hosts();
    check.needs();
    check.unneeded();
    if check.drift.is_empty() {
        Ok(selected)
    } else {
        Err(Failure::Drift(Box::new(Drift::new(check.drift))))
    }
}

struct Check<'a, 'b> {
    instance: &'b Instance<'a>,
    lock: &'b Lock,
    /// The locked packages as the universe knows them, in the lock's order.
    indexes: Vec<Option<u32>>,
    /// By package.
    known: Vec<Known<'b>>,
    /// Needed packages whose needs were not looked at.
    open: Vec<u32>,
    /// Needed packages that the universe does not know.
    unknown: BTreeSet<&'b PackageName>,
    /// Needed packages whose locked versions are gone, whose needs were not looked at.
    gone: Vec<&'b PackageName>,
    drift: Vec<Drifted>,
}

/// What is known of a package, in one place: each is asked about once for everybody who needs it.
#[derive(Clone, Copy)]
struct Known<'b> {
    /// The locked version, or [`IDLE`].
    version: u32,
    is_needed: bool,
    /// What the lock says of it, with the lock's own name. Nothing of a lock of format 1, which does not say how a package is needed.
    record: Option<(&'b str, &'b LockedPackage)>,
}

impl Known<'_> {
    const NOTHING: Self = Self {
        version: IDLE,
        is_needed: false,
        record: None,
    };
}

impl<'b> Check<'_, 'b> {
    fn known(&self, package: u32) -> Known<'b> {
        let known = usize::try_from(package)
            .ok()
            .and_then(|at| self.known.get(at));
        known.copied().unwrap_or(Known::NOTHING)
    }

    fn known_mut(&mut self, package: u32) -> Option<&mut Known<'b>> {
        self.known.get_mut(usize::try_from(package).ok()?)
    }

    /// The locked version of a package, or [`IDLE`].
    fn place(&self, package: u32) -> u32 {
        self.known(package).version
    }

    /// Finds what is locked. Both sides are sorted by name, so that one pass does.
    fn locked(&mut self) -> Vec<(u32, u32)> {
        let mut selected = Vec::with_capacity(self.lock.packages().len());
        let mut next = 0;
        for (name, locked) in self.lock.packages() {
            let found = self.instance.universe.package_index_from(next, name);
            next = found.unwrap_or(next);
            self.indexes.push(found);
            let package = found.and_then(|index| self.instance.package(index));
            let version = package.and_then(|package| package.index_of(&locked.version));
            let (Some(index), Some(version)) = (found, version) else {
                self.drift.push(Drifted::VersionUnknown {
                    name: name.clone(),
                    version: locked.version.clone(),
                });
                continue;
            };
            let record = self.lock.request().map(|_| (name.as_str(), locked));
            if let Some(known) = self.known_mut(index) {
                known.version = version;
                known.record = record;
            }
            selected.push((index, version));
            let given = self
                .instance
                .release(index, version)
                .and_then(|r| r.integrity());
            let is_kept = |given| match locked.integrity.as_deref() {
                Some(locked) => is_within(given, locked),
                // What no lock can hold cannot have been locked.
                None => !is_integrity(given),
            };
            if let Some(given) = given
                && !is_kept(given)
            {
                self.drift.push(Drifted::Integrity {
                    name: name.clone(),
                    version: locked.version.clone(),
                    locked: locked.integrity.clone(),
                    given: given.into(),
                });
            }
        }
        selected
    }

    /// Holds the tags of the lock against those that are asked for.
    fn tags(&mut self) {
        let tags = self.tags_asked_for();
        for (name, locked) in self.lock.packages() {
            let asked = tags.get(name).copied();
            if locked.tag.as_deref() != asked {
                self.drift.push(Drifted::Tag {
                    name: name.clone(),
                    version: locked.version.clone(),
                    locked: locked.tag.clone(),
                    asked: asked.map(Box::from),
                });
            }
        }
    }

    /// Says what a release needs otherwise than the lock says.
    fn recorded(&mut self, package: u32, locked: &LockedPackage) {
        let given: BTreeSet<LockedNeed> = self.needs_of(package).collect();
        let is_here = |need: &&LockedNeed| {
            let target = self.instance.universe.package_index(&need.name);
            target.is_some_and(|target| self.place(target) != IDLE)
        };
        let recorded: BTreeSet<LockedNeed> = locked.needs.iter().filter(is_here).cloned().collect();
        let name = self.instance.package(package).map(|data| data.name);
        if let Some(name) = name
            && given != recorded
        {
            self.drift.push(Drifted::Needs {
                name: name.clone(),
                version: locked.version.clone(),
                locked: recorded.difference(&given).cloned().collect(),
                given: given.difference(&recorded).cloned().collect(),
            });
        }
    }

    /// What a locked release needs of other locked packages, as a lock records it.
    fn needs_of(&self, package: u32) -> impl Iterator<Item = LockedNeed> + '_ {
        let universe = self.instance.universe;
        let data = self.instance.package(package);
        let edges = data.map_or(&[][..], |data| data.edges(self.place(package)));
        edges.iter().filter_map(move |edge| {
            let need = universe.need(edge.need)?;
            let is_locked = need.target != package && self.place(need.target) != IDLE;
            // Nothing of an import: locks do not record those.
            let (_, spec) = universe.need_spec(need).filter(|_| is_locked)?;
            Some(LockedNeed {
                name: universe.package(need.target)?.name.clone(),
                kind: Some(need.kind()),
                spec: Arc::clone(spec),
            })
        })
    }

    /// The tag that each package is asked for by, if it is.
    fn tags_asked_for(&self) -> BTreeMap<&'b PackageName, &'b str> {
        let mut tags = BTreeMap::new();
        for (name, spec) in self.instance.request.roots.iter() {
            if let Some(tag) = spec.tag() {
                tags.entry(real_name(name, spec)).or_insert(tag);
            }
        }
        tags
    }

    fn roots(&mut self) {
        let instance = self.instance;
        for ((name, spec), root) in instance.request.roots.iter().zip(&instance.roots) {
            let (package, admitted) = match &root.need {
                Ok((package, admitted)) => (Some(*package), admitted),
                Err(_) => (
                    instance.universe.package_index(real_name(name, spec)),
                    &Bits::EMPTY,
                ),
            };
            let asked = || Demand::Spec(spec.to_string());
            match package {
                Some(package) => {
                    self.need(package);
                    if !self.holds(package, admitted) {
                        self.say(package, Some(spec), Requirer::Request, Some(asked()));
                    }
                }
                None if self.is_gone(real_name(name, spec)) => {
                    self.need_named(real_name(name, spec))
                }
                None => self.drift.push(Drifted::Missing {
                    by: Requirer::Request,
                    package: real_name(name, spec).clone(),
                    demand: asked(),
                }),
            }
        }
    }

    /// Follows what is needed from what was found so far.
    fn needs(&mut self) {
        loop {
            if let Some(package) = self.open.pop() {
                self.edges(package);
            } else if let Some(name) = self.gone.pop() {
                self.needs_of_gone(name);
            } else {
                return;
            }
        }
    }

    /// What a version needed that is gone, by the lock's own word: it is gone, too, or waits for a version in its place.
    fn needs_of_gone(&mut self, name: &PackageName) {
        let needs = self.lock.get(name).into_iter().flat_map(|it| &it.needs);
        for need in needs.filter(|need| need.kind != Some(DependencyKind::OptionalPeer)) {
            self.need_named(&need.name);
        }
    }

    fn hosts(&mut self) {
        for (package, allowed) in &self.instance.hosts {
            if self.holds(*package, allowed) {
                continue;
            }
            let name = self.instance.package(*package).map(|data| data.name);
            let provided = name.and_then(|name| self.instance.request.hosts.get(name));
            let demand = provided.map(|version| Demand::Spec(version.to_string()));
            self.say(*package, None, Requirer::Host, demand);
        }
    }

    fn edges(&mut self, package: u32) {
        let Known {
            version, record, ..
        } = self.known(package);
        let Some(data) = self.instance.package(package) else {
            return;
        };
        let universe = self.instance.universe;
        let record = record.map(|(_, record)| record);
        let mut recorded = record.map_or(&[][..], |it| &it.needs).iter();
        let mut is_as_recorded = true;
        for edge in data.edges(version) {
            let Some(need) = universe.need(edge.need) else {
                continue;
            };
            // Nearly always, and then nothing else has to be known.
            let target = self.known(need.target);
            let is_other = need.target != package;
            if is_as_recorded
                && is_other
                && let (Some((name, _)), Some((_, spec))) =
                    (target.record, universe.need_spec(need))
            {
                // Both are sorted alike.
                is_as_recorded = recorded
                    .next()
                    .is_some_and(|locked| is_recorded(locked, name, need.kind(), spec));
            }
            let is_met = is_other && self.instance.meets(target.version, edge.need, need);
            if !is_met {
                let effect = self.instance.effect(package, version, *edge);
                let left = match &effect {
                    Effect::None => continue,
                    Effect::Blocks => &Bits::EMPTY,
                    Effect::Leaves(_, left) => left,
                };
                if !self.holds(need.target, left) {
                    let spec = self.instance.universe.need_spec(need).map(|(spec, _)| spec);
                    let (by, demand) = by(self.instance, data, version, *edge);
                    self.say(need.target, spec, by, demand);
                }
            }
            if !target.is_needed && need.kind() != DependencyKind::OptionalPeer {
                self.need(need.target);
            }
        }
        if let Some(record) = record
            && !(is_as_recorded && recorded.as_slice().is_empty())
        {
            self.recorded(package, record);
        }
    }

    /// Marks a package as needed.
    fn need(&mut self, package: u32) {
        let version = match self.known_mut(package) {
            Some(known) if !known.is_needed => {
                known.is_needed = true;
                known.version
            }
            _ => return,
        };
        if version >= FIRST {
            self.open.push(package);
        } else if let Some(data) = self.instance.package(package) {
            self.gone.push(data.name);
        }
    }

    fn need_named(&mut self, name: &'b PackageName) {
        match self.instance.universe.package_index(name) {
            Some(package) => self.need(package),
            None if self.unknown.insert(name) => self.gone.push(name),
            None => {}
        }
    }

    /// Whether what is locked of a package is among what is left of it.
    fn holds(&self, package: u32, left: &Bits) -> bool {
        match self.place(package) {
            IDLE => left.contains(ABSENT),
            version => left.contains(version),
        }
    }

    /// Says that what is locked of a package is not what somebody needs.
    fn say(&mut self, package: u32, spec: Option<&Spec>, by: Requirer, demand: Option<Demand>) {
        let version = self.place(package);
        // The lock says where a tag pointed.
        let is_tagged = version != IDLE && spec.is_some_and(|spec| spec.tag().is_some());
        let (Some(data), Some(demand), false) = (self.instance.package(package), demand, is_tagged)
        else {
            return;
        };
        let name = data.name.clone();
        self.drift.push(match data.release(version) {
            Some(release) => Drifted::Unmet {
                by,
                package: name,
                demand,
                locked: release.version.clone(),
            },
            None if self.is_gone(&name) => return,
            None => Drifted::Missing {
                by,
                package: name,
                demand,
            },
        });
    }

    /// Whether it was said already that the locked version is gone.
    fn is_gone(&self, name: &PackageName) -> bool {
        self.lock.get(name).is_some()
    }

    /// Of what nobody needs only that is said, and not that it is unknown or needs something else: without a need nothing is asked of it.
    fn unneeded(&mut self) {
        let is_needed = |name: &PackageName, index: Option<u32>| match index {
            Some(package) => self.known(package).is_needed,
            None => self.unknown.contains(name),
        };
        let locked = self.lock.versions().zip(&self.indexes);
        let unneeded: BTreeMap<&PackageName, &Version> = locked
            .filter(|((name, _), index)| !is_needed(name, **index))
            .map(|(locked, _)| locked)
            .collect();
        let unneeded = unneeded.into_iter();
        self.drift
            .extend(unneeded.map(|(name, version)| Drifted::Unneeded {
                name: name.clone(),
                version: version.clone(),
            }));
    }
}

/// Whether a lock records this need. Names and texts are mostly the same pieces of memory on both sides.
fn is_recorded(locked: &LockedNeed, name: &str, kind: DependencyKind, spec: &Arc<str>) -> bool {
    locked.kind == Some(kind)
        && (Arc::ptr_eq(&locked.spec, spec) || locked.spec == *spec)
        && (std::ptr::eq(locked.name.as_str(), name) || locked.name.as_str() == name)
}

fn by(
    instance: &Instance<'_>,
    data: Package<'_>,
    version: u32,
    edge: Edge,
) -> (Requirer, Option<Demand>) {
    let versions = data.release(version).map(|release| release.version.clone());
    let by = Requirer::Package {
        name: data.name.clone(),
        versions: versions.into_iter().collect(),
    };
    let need = instance.universe.need(edge.need);
    (
        by,
        need.and_then(|need| Demand::of(instance.universe, need)),
    )
}
