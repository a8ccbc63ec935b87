//! What would help: every further conflict, and the nearest requests that can be met.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::alternative::{Alternative, Change, Cost, Settled};
use super::bend::{Bending, Pin, Reach, Target};
use super::explanation::{Advice, ClashingRequest, Explanation};
use super::{conflict, lines};
use crate::request::Request;
use crate::solve::instance::Instance;
use crate::solve::solver::{Outcome, Reason};
use crate::universe::{Bits, FIRST, Package, Standing, Universe, real_name};
use crate::{Interrupt, PackageName, Prereleases};

/// The most alternatives that are kept.
const MOST: usize = 12;
/// In how many release lines another version of one request is offered, and in how many it is looked for.
const LINES_EACH: usize = 2;
const LINES_TRIED: usize = 12;
/// How many of the clashing requests, and of the versions a host may provide, are tried as what stays.
const PARTIES: usize = 4;

/// Making so many requests anew costs as much as a step of a search.
const REQUESTS_PER_STEP: u64 = 256;

/// What can be said beyond an explanation, within as many steps as the request allows.
pub(super) fn advise(
    universe: &Universe,
    request: &Request,
    interrupt: Option<&Interrupt>,
    explanation: &Explanation,
) -> Advice {
    let mut adviser = Adviser {
        universe,
        request,
        interrupt,
        budget: request.budget.count(),
    };
    let core = adviser.roots(explanation.requests());
    let others = adviser.others(&core);
    let overlapping = adviser.overlapping(explanation, &core, &others);
    let candidates = adviser.candidates(explanation, &core, &others);
    let disputed = explanation.disputed();
    let mut found: Vec<Alternative> = Vec::new();
    for changes in candidates {
        found.extend(adviser.tried(changes, &disputed));
    }
    found.sort_by(|a, b| (&a.cost, &a.changes).cmp(&(&b.cost, &b.changes)));
    found.dedup();
    let all = found.clone();
    found.retain(|one| !all.iter().any(|other| is_less(other, one)));
    found.truncate(MOST);
    Advice {
        alternatives: found,
        others,
        overlapping,
    }
}

/// Whether one alternative asks for only a part of what another asks for.
fn is_less(one: &Alternative, other: &Alternative) -> bool {
    let (one, other) = (&one.changes, &other.changes);
    one.len() < other.len() && one.iter().all(|change| other.contains(change))
}

pub(super) struct Adviser<'a> {
    pub(super) universe: &'a Universe,
    pub(super) request: &'a Request,
    pub(super) interrupt: Option<&'a Interrupt>,
    budget: u64,
}

impl<'a> Adviser<'a> {
    pub(super) fn instance(&self) -> Instance<'a> {
        Instance::new(self.universe, self.request).interruptible(self.interrupt)
    }

    pub(super) fn solve(&mut self, instance: &Instance<'_>, roots: &[usize]) -> Outcome {
        // The greedy search takes no steps of its own; here it is one of many.
        let cost = 1 + u64::try_from(roots.len()).unwrap_or(u64::MAX);
        let Some(left) = self.budget.checked_sub(cost) else {
            self.budget = 0;
            return Outcome::OutOfBudget;
        };
        self.budget = left;
        conflict::attempt(instance, roots, &mut self.budget)
    }

    /// The fewest of these roots that clash.
    pub(super) fn core(
        &mut self,
        instance: &Instance<'_>,
        among: &[usize],
        reasons: Vec<Reason>,
    ) -> Vec<usize> {
        conflict::core(instance, among, reasons, &mut self.budget).roots
    }

    pub(super) fn left_out(&self, root: usize) -> Option<Change> {
        let request = self.asked(root)?;
        Some(Change::LeaveOut { request })
    }

    /// The other version that was selected, if it is another than was asked for.
    pub(super) fn moved(
        &self,
        root: usize,
        package: u32,
        asked: &Bits,
        selected: &[(u32, u32)],
    ) -> Option<Change> {
        let version = chosen(selected, package)?;
        let release = self.universe.package(package)?.release(version)?;
        (!asked.contains(version)).then_some(Change::AskFor {
            request: self.asked(root)?,
            version: release.version.clone(),
        })
    }

    pub(super) fn all(&self) -> Vec<usize> {
        (0..self.request.roots.len()).collect()
    }

    fn asked(&self, root: usize) -> Option<ClashingRequest> {
        let (name, spec) = self.request.roots.get(root)?;
        Some(ClashingRequest::new(name, spec))
    }

    /// All roots that are these requests.
    fn roots(&self, requests: &[ClashingRequest]) -> Vec<usize> {
        let clashing: BTreeSet<&ClashingRequest> = requests.iter().collect();
        let is_one = |root: &usize| self.asked(*root).is_some_and(|one| clashing.contains(&one));
        self.all().into_iter().filter(is_one).collect()
    }

    /// Conflicts among the other requests, each without the requests of those before it.
    fn others(&mut self, core: &[usize]) -> Vec<Explanation> {
        let instance = self.instance();
        let all = self.all();
        let mut rest = conflict::difference(&all, core);
        let mut others = Vec::new();
        while let Some(core) = conflict::first_core(&instance, &rest, &mut self.budget) {
            if core.roots.is_empty() {
                break;
            }
            rest = conflict::difference(&rest, &core.roots);
            others.push(conflict::beside_others(&instance, &all, &core));
        }
        others
    }

    /// For each of the first clashing requests, the conflict in which the others are still without it, independent ones aside.
    fn overlapping(
        &mut self,
        explanation: &Explanation,
        core: &[usize],
        others: &[Explanation],
    ) -> Vec<Explanation> {
        let mut found: Vec<Explanation> = Vec::new();
        // Without its only request nothing of a conflict is left.
        if core.len() < 2 || !explanation.removals().is_empty() {
            return found;
        }
        let instance = self.instance();
        let all = self.all();
        let requests = others.iter().flat_map(Explanation::requests).cloned();
        let apart = self.roots(&requests.collect::<Vec<_>>());
        let rest = conflict::difference(&all, &apart);
        for root in core.iter().take(PARTIES) {
            let without = conflict::difference(&rest, &[*root]);
            if let Some(core) = conflict::first_core(&instance, &without, &mut self.budget) {
                let further = conflict::beside_others(&instance, &all, &core);
                if !found.contains(&further) {
                    found.push(further);
                }
            }
        }
        found
    }

    /// Changes worth trying.
    fn candidates(
        &mut self,
        explanation: &Explanation,
        core: &[usize],
        others: &[Explanation],
    ) -> Vec<Vec<Change>> {
        let removals = explanation.removals().iter().cloned();
        let mut candidates: Vec<Vec<Change>> = removals
            .map(|request| vec![Change::LeaveOut { request }])
            .collect();
        if self.request.prereleases == Prereleases::WhereNamed {
            candidates.push(vec![Change::AllowPrereleases]);
        }
        if others.is_empty() {
            for root in core {
                candidates.extend(self.other_versions(*root, core));
            }
        }
        let disputed = [explanation]
            .into_iter()
            .chain(others)
            .find_map(|conflict| conflict.disputed().first().copied())
            .and_then(|name| self.universe.package_index(name));
        candidates.extend(self.settlements(disputed, core));
        candidates.extend(super::patience::candidates(self));
        candidates
    }

    /// One request asked for in another version, in the nearest release lines.
    fn other_versions(&mut self, root: usize, core: &[usize]) -> Vec<Vec<Change>> {
        let mut instance = self.instance();
        let Some((package, asked)) = self.target(&instance, root) else {
            return Vec::new();
        };
        let Some(data) = self.universe.package(package) else {
            return Vec::new();
        };
        // First whether any other version helps at all, where that is cheap to know.
        let outside = lines::every(data)
            .intersection(&asked.complement())
            .intersection(&instance.too_young(package).complement());
        bend(&mut instance, root, package, outside.clone());
        if outside == Bits::EMPTY || !matches!(self.solve(&instance, core), Outcome::Solved(_)) {
            return Vec::new();
        }
        let mut found = Vec::new();
        let all = self.all();
        for line in lines::nearest(data, &asked, &outside)
            .into_iter()
            .take(LINES_TRIED)
        {
            bend(&mut instance, root, package, line);
            if let Outcome::Solved(selected) = self.solve(&instance, &all) {
                found.extend(self.moved(root, package, &asked, &selected));
                if found.len() == LINES_EACH {
                    break;
                }
            }
        }
        found.into_iter().map(|change| vec![change]).collect()
    }

    /// For each version of the disputed package that is worth it, what must change to settle on it; without such a package, or where
    /// none of its versions can be had, what must change at all.
    fn settlements(&mut self, disputed: Option<u32>, core: &[usize]) -> Vec<Vec<Change>> {
        let instance = self.instance();
        let roots = self.all();
        let targets: Vec<Option<Target>> = roots
            .iter()
            .map(|root| self.target(&instance, *root))
            .collect();
        let mut found = Vec::new();
        if let Some(disputed) = disputed {
            let reach: Vec<Reach> = targets
                .iter()
                .map(|target| Reach::new(&instance, target.as_ref(), disputed))
                .collect();
            for pin in self.pins(disputed, &reach, core) {
                if let Some(mut changes) =
                    Bending::new(self, &targets, Some((pin, &reach))).changes()
                {
                    changes.extend(self.provided(pin));
                    found.push(changes);
                }
            }
        }
        if found.is_empty() {
            found.extend(Bending::new(self, &targets, None).changes());
        }
        found
    }

    /// The versions of a package that suit most requests, and for each clashing request the one that suits most while that stays as it is.
    fn pins(&self, package: u32, reach: &[Reach], core: &[usize]) -> Vec<Pin> {
        let Some(data) = self.universe.package(package) else {
            return Vec::new();
        };
        let mut versions: Vec<_> = (FIRST..data.limit())
            .map(|version| {
                let left_out = reach.iter().filter(|r| !r.any.contains(version)).count();
                let moved = reach.iter().filter(|r| !r.asked.contains(version)).count();
                let is_provided = self.provided((package, version)).is_some();
                (left_out, is_provided, moved, Reverse(version))
            })
            .collect();
        versions.sort_unstable();
        let best = |suits: &dyn Fn(u32) -> bool| {
            let mut versions = versions.iter().map(|(.., Reverse(version))| *version);
            versions.find(|version| suits(*version))
        };
        let mut pins: Vec<Pin> = Vec::new();
        let parties = core
            .iter()
            .take(PARTIES)
            .filter_map(|root| reach.get(*root));
        let best_for_each = parties.map(|party| best(&|version| party.asked.contains(version)));
        for version in [best(&|_| true)].into_iter().chain(best_for_each).flatten() {
            if !pins.contains(&(package, version)) {
                pins.push((package, version));
            }
        }
        pins
    }

    /// The host's part in settling on a version, if it provides another.
    fn provided(&self, (package, version): Pin) -> Option<Change> {
        let data = self.universe.package(package)?;
        let provided = self.request.hosts.get(data.name)?;
        let version = data.release(version)?.version;
        (version != provided).then(|| Change::Provide {
            package: data.name.clone(),
            instead_of: provided.clone(),
            version: version.clone(),
        })
    }

    /// The package of a request, with what it admits as it is; nothing if nothing is known of the package.
    fn target(&self, instance: &Instance<'_>, root: usize) -> Option<Target> {
        if let Ok(target) = &instance.roots.get(root)?.need {
            return Some(target.clone());
        }
        let (name, spec) = self.request.roots.get(root)?;
        let package = self.universe.package_index(real_name(name, spec))?;
        let is_known = self.universe.package(package)?.standing == Standing::Known;
        is_known.then_some((package, Bits::EMPTY))
    }

    /// The changes without those that are superfluous, if they work.
    fn tried(
        &mut self,
        mut changes: Vec<Change>,
        disputed: &[&PackageName],
    ) -> Option<Alternative> {
        let mut outcome = self.works(&changes)?;
        // What is lost is given back first, in the order of the requests.
        changes.sort_by_key(|change| !matches!(change, Change::LeaveOut { .. }));
        let mut at = 0;
        while at < changes.len() && changes.len() > 1 {
            if self.budget == 0 {
                // What may be superfluous is not offered.
                return None;
            }
            let mut fewer = changes.clone();
            let given_back = fewer.remove(at);
            match self.works(&fewer) {
                None => at += 1,
                Some(better) => {
                    (changes, outcome) = (fewer, better);
                    // Another version less may make another change superfluous; another request more does not.
                    if !matches!(given_back, Change::LeaveOut { .. }) {
                        at = 0;
                    }
                }
            }
        }
        changes.sort_by_key(Change::rank);
        Some(self.alternative(changes, disputed, &outcome))
    }

    fn alternative(
        &self,
        changes: Vec<Change>,
        disputed: &[&PackageName],
        (kept, selected): &(usize, Vec<(u32, u32)>),
    ) -> Alternative {
        let settled = disputed.iter().filter_map(|name| {
            let package = self.universe.package_index(name)?;
            let version = chosen(selected, package)?;
            let release = self.universe.package(package)?.release(version)?;
            Some(Settled {
                package: (*name).clone(),
                version: release.version.clone(),
            })
        });
        let of = self.request.roots.len();
        Alternative {
            cost: self.cost(&changes, of - kept),
            settled: settled.collect(),
            changes,
            kept: *kept,
            of,
        }
    }

    /// How many requests are met after the changes, and by what.
    pub(super) fn works(&mut self, changes: &[Change]) -> Option<(usize, Vec<(u32, u32)>)> {
        let looked_at = (changes.len() + 1).saturating_mul(self.request.roots.len());
        self.budget = self
            .budget
            .saturating_sub(looked_at as u64 / REQUESTS_PER_STEP);
        if self.budget == 0 {
            return None;
        }
        let changed = changes
            .iter()
            .fold(self.request.clone(), |request, change| {
                change.apply(request)
            });
        let instance = Instance::new(self.universe, &changed).interruptible(self.interrupt);
        let is_sound = instance.roots.iter().all(|root| root.need.is_ok());
        if changed.roots.is_empty() || !is_sound {
            return None;
        }
        let roots: Vec<usize> = (0..changed.roots.len()).collect();
        match self.solve(&instance, &roots) {
            Outcome::Solved(selected) => Some((roots.len(), selected)),
            Outcome::Impossible(_) | Outcome::OutOfBudget => None,
        }
    }

    fn cost(&self, changes: &[Change], left_out: usize) -> Cost {
        let instance = self.instance();
        let mut cost = Cost {
            left_out,
            ..Cost::default()
        };
        for change in changes {
            match change {
                Change::AskFor { request, version } => {
                    let root = self.roots(std::slice::from_ref(request)).first().copied();
                    let target = root.and_then(|root| self.target(&instance, root));
                    let (package, asked) = target.unwrap_or((u32::MAX, Bits::EMPTY));
                    let data: Option<Package<'_>> = self.universe.package(package);
                    cost.moved += 1;
                    cost.distance += data.map_or(0, |data| lines::distance(data, &asked, version));
                }
                Change::Provide { .. }
                | Change::AllowPrereleases
                | Change::Exempt { .. }
                | Change::Wait { .. } => cost.shared += 1,
                Change::LeaveOut { .. } => {}
            }
        }
        cost
    }
}

/// Lets a request ask for exactly these versions.
fn bend(instance: &mut Instance<'_>, root: usize, package: u32, versions: Bits) {
    if let Some(root) = instance.roots.get_mut(root) {
        root.need = Ok((package, versions));
    }
}

/// The version that was selected of a package, if any was.
fn chosen(selected: &[(u32, u32)], package: u32) -> Option<u32> {
    let found = selected.iter().find(|(chosen, _)| *chosen == package);
    found
        .map(|(_, version)| *version)
        .filter(|version| *version >= FIRST)
}
