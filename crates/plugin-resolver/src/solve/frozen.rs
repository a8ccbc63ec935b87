//! Whether a lock still is an answer. Nothing is chosen here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use semver::Version;

use super::instance::{Effect, Instance};
use crate::lock::{is_integrity, is_within};
use crate::spec::Spec;
use crate::universe::{
    ABSENT, Bits, DependencyKind, Edge, FIRST, IDLE, Need, Package, Universe, real_name,
};
use crate::{
    Demand, Drift, Drifted, Failure, Lock, LockedNeed, LockedPackage, PackageName, Requirer,
};

/// The locked versions as (package, version) indexes, or everything that speaks against them.
pub(crate) fn select(instance: &Instance<'_>, lock: &Lock) -> Result<Vec<(u32, u32)>, Failure> {
    let mut check = Check {
        instance,
        lock,
        indexes: Vec::with_capacity(lock.packages().len()),
        places: vec![IDLE; instance.universe.count()],
        records: vec![None; instance.universe.count()],
        is_needed: vec![false; instance.universe.count()],
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
    /// By package, the locked version, or [`IDLE`].
    places: Vec<u32>,
    /// By package, what the lock says of it. Nothing of a lock of format 1, which does not say how a package is needed.
    records: Vec<Option<&'b LockedPackage>>,
    is_needed: Vec<bool>,
    /// Needed packages whose needs were not looked at.
    open: Vec<u32>,
    /// Needed packages that the universe does not know.
    unknown: BTreeSet<&'b PackageName>,
    /// Needed packages whose locked versions are gone, whose needs were not looked at.
    gone: Vec<&'b PackageName>,
    drift: Vec<Drifted>,
}

impl<'b> Check<'_, 'b> {
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
            if let Some(place) = slot(&mut self.places, index) {
                *place = version;
            }
            if let Some(record) = slot(&mut self.records, index) {
                *record = self.lock.request().map(|_| locked);
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
        let given: BTreeSet<LockedNeed> = self.needs_of(package).map(Needed::owned).collect();
        let is_here = |need: &&LockedNeed| {
            let target = self.instance.universe.package_index(&need.name);
            target.is_some_and(|target| place(&self.places, target) != IDLE)
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
    fn needs_of(&self, package: u32) -> impl Iterator<Item = Needed<'_>> {
        let universe = self.instance.universe;
        let data = self.instance.package(package);
        let edges = data.map_or(&[][..], |data| data.edges(place(&self.places, package)));
        edges.iter().filter_map(move |edge| {
            let need = universe.need(edge.need)?;
            let is_locked = need.target != package && place(&self.places, need.target) != IDLE;
            Needed::of(universe, need).filter(|_| is_locked)
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
        let version = place(&self.places, package);
        let Some(data) = self.instance.package(package) else {
            return;
        };
        let universe = self.instance.universe;
        let record = record_of(&self.records, package);
        let mut recorded = record.map_or(&[][..], |it| &it.needs).iter();
        let mut is_as_recorded = true;
        for edge in data.edges(version) {
            let Some(need) = universe.need(edge.need) else {
                continue;
            };
            // Nearly always, and then nothing else has to be known.
            let locked = place(&self.places, need.target);
            if is_as_recorded && locked != IDLE && need.target != package {
                // Both are sorted alike.
                is_as_recorded = Needed::of(universe, need)
                    .is_none_or(|needed| recorded.next().is_some_and(|need| needed.is(need)));
            }
            let is_met = need.target != package && self.instance.meets(locked, edge.need, need);
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
            if need.kind() != DependencyKind::OptionalPeer {
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
        match slot(&mut self.is_needed, package) {
            Some(is_needed @ false) => *is_needed = true,
            _ => return,
        }
        if place(&self.places, package) >= FIRST {
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
        match place(&self.places, package) {
            IDLE => left.contains(ABSENT),
            version => left.contains(version),
        }
    }

    /// Says that what is locked of a package is not what somebody needs.
    fn say(&mut self, package: u32, spec: Option<&Spec>, by: Requirer, demand: Option<Demand>) {
        let version = place(&self.places, package);
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
            Some(package) => is_marked(&self.is_needed, package),
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

/// What a release needs of another package, as a lock records it.
struct Needed<'a> {
    name: &'a PackageName,
    kind: DependencyKind,
    spec: &'a Arc<str>,
}

impl<'a> Needed<'a> {
    /// Nothing of an import: locks do not record those.
    fn of(universe: &'a Universe, need: Need) -> Option<Self> {
        let (_, spec) = universe.need_spec(need)?;
        Some(Self {
            name: universe.package(need.target)?.name,
            kind: need.kind(),
            spec,
        })
    }

    fn is(&self, locked: &LockedNeed) -> bool {
        locked.kind == Some(self.kind) && locked.spec == *self.spec && locked.name == *self.name
    }

    fn owned(self) -> LockedNeed {
        LockedNeed {
            name: self.name.clone(),
            kind: Some(self.kind),
            spec: Arc::clone(self.spec),
        }
    }
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

fn slot<T>(values: &mut [T], package: u32) -> Option<&mut T> {
    values.get_mut(usize::try_from(package).ok()?)
}

fn record_of<'b>(records: &[Option<&'b LockedPackage>], package: u32) -> Option<&'b LockedPackage> {
    let record = usize::try_from(package).ok().and_then(|at| records.get(at));
    record.copied().flatten()
}

fn is_marked(marks: &[bool], package: u32) -> bool {
    let mark = usize::try_from(package).ok().and_then(|at| marks.get(at));
    mark.copied().unwrap_or(false)
}

fn place(places: &[u32], package: u32) -> u32 {
    let place = usize::try_from(package).ok().and_then(|at| places.get(at));
    place.copied().unwrap_or(IDLE)
}
