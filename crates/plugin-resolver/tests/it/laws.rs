//! Laws over random small universes, each decided by trying every selection there is.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use plugin_resolver::{
    Budget, DependencyKind, Explanation, Failure, PackageName, Path, Range, ReleaseFacts, Request,
    Resolution, Search, Spec, Universe, UniverseBuilder, parse_version, resolve,
};
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::cases::config;
use crate::support::name;

pub(crate) const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];
/// As many, that nothing of the others needs.
const STRANGERS: [&str; 5] = ["v", "w", "x", "y", "z"];
pub(crate) const VERSIONS: [&str; 5] = ["1.0.0", "1.1.0-beta.1", "1.1.0", "2.0.0-rc.1", "2.0.0"];
pub(crate) const RANGES: [&str; 14] = [
    "*",
    "^1.0.0",
    "^1.1.0",
    "~1.0.0",
    "1.0.0",
    "2.0.0",
    ">=1.1.0-beta.0",
    "<2.0.0",
    "^2.0.0-rc.0",
    "1.1.0-beta.1",
    "1.0.0 || 2.0.0",
    ">1.0.0 <2.0.0",
    ">=3",
    ">=1.0.0 <=1.1.0-beta.1",
];

pub(crate) type Need = (usize, usize, DependencyKind);

/// Everything that a selected package cannot be without, itself only where it leads back.
fn led_to(resolution: &Resolution, from: &PackageName) -> BTreeSet<PackageName> {
    let (mut open, mut found) = (vec![from.clone()], BTreeSet::new());
    while let Some(name) = open.pop() {
        let selected = resolution.packages().find(|one| one.name == name).unwrap();
        let needs = selected.needs.iter().filter(|need| need.kind.is_required());
        open.extend(
            needs
                .map(|need| need.name.clone())
                .filter(|need| found.insert(need.clone())),
        );
    }
    found
}

/// Package, version and needs, all by position.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) releases: BTreeMap<(usize, usize), Vec<Need>>,
    pub(crate) roots: Vec<(usize, usize)>,
}

/// What one release needs.
pub(crate) fn needs() -> impl Strategy<Value = Vec<Need>> {
    let kind = prop_oneof![
        6 => Just(DependencyKind::Normal),
        2 => Just(DependencyKind::Peer),
        1 => Just(DependencyKind::Optional),
        1 => Just(DependencyKind::OptionalPeer),
    ];
    let need = (0..NAMES.len(), 0..RANGES.len(), kind);
    prop::collection::vec(need, 0..4)
}

pub(crate) fn worlds() -> impl Strategy<Value = World> {
    let release = (0..NAMES.len(), 0..VERSIONS.len());
    let releases = prop::collection::btree_map(release, needs(), 1..16);
    let roots = prop::collection::vec((0..NAMES.len(), 0..RANGES.len()), 1..4);
    (releases, roots).prop_map(|(releases, mut roots)| {
        let mut seen = BTreeSet::new();
        roots.retain(|(package, _)| seen.insert(*package));
        World { releases, roots }
    })
}

impl World {
    fn universe(&self, order: &[usize]) -> Universe {
        self.dated_in(order, |_| None)
    }

    /// With times of publication, where they are known.
    pub(crate) fn dated(
        &self,
        published: impl Fn((usize, usize)) -> Option<DateTime<Utc>>,
    ) -> Universe {
        self.dated_in(&(0..self.releases.len()).collect::<Vec<_>>(), published)
    }

    fn dated_in(
        &self,
        order: &[usize],
        published: impl Fn((usize, usize)) -> Option<DateTime<Utc>>,
    ) -> Universe {
        let mut builder = Universe::builder();
        self.add_to(&mut builder, order, &NAMES, published);
        builder.build()
    }

    /// Adds the releases in this order, packages under these names.
    fn add_to(
        &self,
        builder: &mut UniverseBuilder,
        order: &[usize],
        names: &[&str],
        published: impl Fn((usize, usize)) -> Option<DateTime<Utc>>,
    ) {
        let releases: Vec<_> = self.releases.iter().collect();
        for at in order {
            let ((package, version), needs) = releases[*at];
            let mut facts = ReleaseFacts::new();
            if let Some(time) = published((*package, *version)) {
                facts = facts.published_at(time);
            }
            // The order in which needs are declared follows the order of insertion too.
            let mut needs = needs.clone();
            if order.first() != Some(&0) {
                needs.reverse();
            }
            for (target, range, kind) in needs {
                facts = facts.needs(name(names[target]), spec(range), kind);
            }
            let version = parse_version(VERSIONS[*version]).unwrap();
            builder.release(name(names[*package]), version, facts);
        }
    }

    pub(crate) fn in_order(&self) -> Universe {
        self.universe(&(0..self.releases.len()).collect::<Vec<_>>())
    }

    /// The same, added in another order.
    pub(crate) fn shuffled(&self, swaps: &[Index]) -> Universe {
        let mut order: Vec<usize> = (0..self.releases.len()).collect();
        for (at, with) in swaps.iter().enumerate().take(order.len()) {
            let with = with.index(order.len());
            order.swap(at, with);
        }
        self.universe(&order)
    }

    pub(crate) fn request(&self, roots: &[(usize, usize)]) -> Request {
        roots
            .iter()
            .fold(Request::new(), |request, (package, range)| {
                request.root(name(NAMES[*package]), spec(*range))
            })
    }

    /// Every selection that meets the roots and all that the selected need.
    pub(crate) fn answers(&self, roots: &[(usize, usize)]) -> Vec<BTreeMap<usize, usize>> {
        let table: Vec<Vec<bool>> = RANGES
            .iter()
            .map(|range| {
                let range: Range = range.parse().unwrap();
                VERSIONS
                    .iter()
                    .map(|v| range.satisfies(&parse_version(v).unwrap()))
                    .collect()
            })
            .collect();
        let mut selections: Vec<BTreeMap<usize, usize>> = vec![BTreeMap::new()];
        for package in 0..NAMES.len() {
            let versions = self
                .releases
                .keys()
                .filter(|(p, _)| *p == package)
                .map(|(_, v)| *v);
            let mut more = Vec::new();
            for version in versions {
                for selection in &selections {
                    let mut selection = selection.clone();
                    selection.insert(package, version);
                    more.push(selection);
                }
            }
            selections.extend(more);
        }
        let fits = |selection: &BTreeMap<usize, usize>, target: usize, range: usize| {
            selection.get(&target).map(|version| table[range][*version])
        };
        selections.retain(|selection| {
            roots
                .iter()
                .all(|(p, r)| fits(selection, *p, *r) == Some(true))
                && selection.iter().all(|(package, version)| {
                    self.releases[&(*package, *version)]
                        .iter()
                        .all(|(target, range, kind)| {
                            match fits(selection, *target, *range) {
                                // An optional need of another version of itself is one that is never there.
                                Some(false) => !kind.is_required() && target == package,
                                Some(true) => true,
                                None => !kind.is_required(),
                            }
                        })
                })
        });
        selections
    }

    /// The versions of the roots in the best answer, roots in order.
    fn newest_roots(&self, answers: &[BTreeMap<usize, usize>]) -> Option<Vec<usize>> {
        let roots = |answer: &BTreeMap<usize, usize>| {
            self.roots
                .iter()
                .map(|(package, _)| answer[package])
                .collect::<Vec<_>>()
        };
        answers.iter().map(roots).max()
    }
}

fn spec(range: usize) -> Spec {
    RANGES[range].parse().unwrap()
}

fn conflict(failure: Failure) -> Option<Explanation> {
    match failure {
        Failure::Conflict(why) => Some(*why),
        _ => None,
    }
}

pub(crate) fn selected(resolution: &Resolution) -> BTreeMap<usize, usize> {
    let position = |all: &[&str], one: &str| all.iter().position(|x| *x == one).unwrap();
    resolution
        .packages()
        .map(|s| {
            let package = position(&NAMES, s.name.as_str());
            (package, position(&VERSIONS, &s.version.to_string()))
        })
        .collect()
}

proptest! {
    #![proptest_config(config(2_000))]

    #[test]
    fn an_answer_is_found_if_and_only_if_there_is_one(world in worlds()) {
        let answers = world.answers(&world.roots);
        let universe = world.in_order();
        match resolve(&universe, &world.request(&world.roots)) {
            Ok(resolution) => {
                let selected = selected(&resolution);
                prop_assert!(answers.contains(&selected), "{selected:?} is no answer");
                let roots: Vec<usize> = world.roots.iter().map(|(p, _)| selected[p]).collect();
                prop_assert_eq!(Some(roots), world.newest_roots(&answers));
                // Nothing is there that nobody wants.
                for package in resolution.packages() {
                    prop_assert!(package.is_root || !resolution.dependents(&package.name).is_empty());
                }
            }
            Err(Failure::Conflict(_)) => prop_assert_eq!(answers, vec![]),
            Err(failure) => prop_assert!(false, "{failure}"),
        }
    }

    #[test]
    fn the_two_searches_agree(world in worlds()) {
        let universe = world.in_order();
        let request = world.request(&world.roots);
        let greedy = resolve(&universe, &request);
        let complete = resolve(&universe, &request.search(Search::Complete));
        match (greedy, complete) {
            (Ok(a), Ok(b)) => {
                prop_assert_eq!(b.path(), Path::Complete);
                prop_assert_eq!(a.lock(), b.lock());
            }
            (a, b) => prop_assert_eq!(a.err(), b.err()),
        }
    }

    #[test]
    fn the_order_of_insertion_changes_nothing(
        world in worlds(),
        shuffle in prop::collection::vec(any::<Index>(), 16),
    ) {
        let request = world.request(&world.roots);
        let one = resolve(&world.in_order(), &request);
        let other = resolve(&world.shuffled(&shuffle), &request);
        match (&one, &other) {
            (Ok(a), Ok(b)) => prop_assert_eq!(a.lock().to_json(), b.lock().to_json()),
            _ => prop_assert_eq!(&one, &other),
        }
    }

    #[test]
    fn to_ask_for_what_is_unrelated_changes_nothing(
        one in worlds(),
        other in worlds(),
        is_first in any::<bool>(),
    ) {
        let mut builder = Universe::builder();
        for (world, names) in [(&one, NAMES), (&other, STRANGERS)] {
            world.add_to(&mut builder, &(0..world.releases.len()).collect::<Vec<_>>(), &names, |_| None);
        }
        let universe = builder.build();
        let roots = |world: &World, names: [&str; 5]| -> Vec<(PackageName, Spec)> {
            world.roots.iter().map(|(at, range)| (name(names[*at]), spec(*range))).collect()
        };
        let (ours, theirs) = (roots(&one, NAMES), roots(&other, STRANGERS));
        let ask = |roots: &[(PackageName, Spec)]| {
            let request = roots.iter().cloned().fold(Request::new(), |all, (name, spec)| all.root(name, spec));
            resolve(&universe, &request)
        };
        let together = if is_first { [ours.clone(), theirs.clone()] } else { [theirs.clone(), ours.clone()] };
        let versions = |resolution: &Resolution| -> BTreeSet<String> {
            resolution.packages().map(|one| format!("{} {}", one.name, one.version)).collect()
        };
        match (ask(&ours), ask(&theirs), ask(&together.concat())) {
            (Ok(a), Ok(b), Ok(both)) => {
                prop_assert_eq!(versions(&both), versions(&a).union(&versions(&b)).cloned().collect());
            }
            // Of two conflicts either may be told, as if the other were not; no removal helps against both.
            (a, b, Err(Failure::Conflict(both))) => {
                let alone: Vec<Explanation> = [a.err(), b.err()].into_iter().flatten().filter_map(conflict).collect();
                let is_told = |why: &Explanation| {
                    why.requests() == both.requests() && why.requirements() == both.requirements()
                };
                prop_assert!(alone.iter().any(is_told), "{both}, {alone:?}");
                match alone.as_slice() {
                    [only] => prop_assert_eq!(only.removals(), both.removals()),
                    _ => prop_assert_eq!(both.removals(), []),
                }
            }
            (a, b, both) => prop_assert!(false, "{a:?}, {b:?}, {both:?}"),
        }
    }

    #[test]
    fn an_explanation_is_impossible_and_minimal(world in worlds()) {
        let universe = world.in_order();
        if let Err(Failure::Conflict(explanation)) = resolve(&universe, &world.request(&world.roots)) {
            let is_named = |root: &&(usize, usize)| {
                let package = NAMES[root.0];
                explanation.requests().iter().any(|r| r.name.as_str() == package && r.spec == RANGES[root.1])
            };
            let core: Vec<_> = world.roots.iter().filter(is_named).copied().collect();
            prop_assert_eq!(core.len(), explanation.requests().len());
            prop_assert!(explanation.is_minimal());
            prop_assert!(world.answers(&core).is_empty(), "the core is possible");
            for left_out in 0..core.len() {
                let mut fewer = core.clone();
                fewer.remove(left_out);
                prop_assert!(!world.answers(&fewer).is_empty(), "{left_out} is not needed");
            }
            // Exactly the removals that help are offered.
            for root in &core {
                let rest: Vec<_> = world.roots.iter().filter(|r| *r != root).copied().collect();
                let helps = !world.answers(&rest).is_empty();
                let is_offered = explanation.removals().iter().any(|r| r.name.as_str() == NAMES[root.0]);
                prop_assert_eq!(helps, is_offered);
            }
            let lines = explanation.lines();
            prop_assert!(lines.len() <= 12 && lines.join("\n").len() <= 4096);
        }
    }

    #[test]
    fn install_order_puts_dependencies_first(world in worlds()) {
        if let Ok(resolution) = resolve(&world.in_order(), &world.request(&world.roots)) {
            let order = resolution.install_order();
            let place: BTreeMap<_, _> = order
                .iter()
                .enumerate()
                .flat_map(|(at, unit)| unit.iter().map(move |name| (name.clone(), at)))
                .collect();
            prop_assert_eq!(place.len(), resolution.packages().len());
            for selected in resolution.packages() {
                for need in selected.needs.iter().filter(|need| need.kind.is_required()) {
                    prop_assert!(place[&need.name] <= place[&selected.name]);
                }
            }
            for unit in order {
                prop_assert!(unit.is_sorted());
                // Nothing is in one unit that could come one after the other: each leads to each.
                for one in &unit {
                    let found = led_to(&resolution, one);
                    prop_assert!(unit.len() == 1 || unit.iter().all(|other| found.contains(other)), "{unit:?}");
                }
            }
        }
    }

    #[test]
    fn a_lock_is_preferred_and_round_trips(world in worlds(), at in select((0..5).collect::<Vec<usize>>())) {
        let request = world.request(&world.roots);
        let universe = world.in_order();
        if let Ok(resolution) = resolve(&universe, &request.clone().policy(plugin_resolver::Policy::Lowest)) {
            let lock = resolution.lock();
            prop_assert_eq!(&plugin_resolver::Lock::parse(&lock.to_json()).unwrap(), &lock);
            // What was locked still fits, so nothing moves.
            let again = resolve(&universe, &request.clone().prefer(lock.clone())).unwrap();
            prop_assert_eq!(selected(&again), selected(&resolution));
            // One step is never enough to say that something is impossible.
            let short = resolve(&universe, &request.search(Search::Complete).budget(Budget::steps(0)));
            let is_budget = matches!(short, Err(Failure::Budget { steps: 0 }));
            prop_assert!(is_budget, "{at}");
        }
    }
}
