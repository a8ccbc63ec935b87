//! Laws over random worlds of up to 60 packages, decided by a SAT solver.
//!
//! `cargo xtask ci` tries each law on 40,000.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use batsat::{BasicSolver, Lit, SolverInterface, lbool};
use plugin_resolver::{
    ClashingRequest, Cooldown, Failure, Path, Policy, ReleaseFacts, Resolution, Search, Selected,
    resolve,
};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use semver::Version;

use crate::cases::{config, seed};
use crate::support::name;
use crate::worlds::{self, World, selected, worlds};

/// A world as clauses.
struct Oracle {
    solver: BasicSolver,
    /// True: this version of this package is selected.
    releases: BTreeMap<(usize, usize), Lit>,
    /// True: this root is to be met.
    roots: Vec<Lit>,
}

impl Oracle {
    fn new(world: &World) -> Self {
        let mut solver = BasicSolver::default();
        let mut variable = || Lit::new(solver.new_var_default(), true);
        let mut releases = BTreeMap::new();
        for (at, package) in world.packages.iter().enumerate() {
            for version in package.releases.keys() {
                releases.insert((at, *version), variable());
            }
        }
        let roots: Vec<Lit> = world.roots.iter().map(|_| variable()).collect();
        let mut clause = |literals: &[Lit]| {
            solver.add_clause_reuse(&mut literals.to_vec());
        };
        // At most one version of a package, and of what the host provides no other.
        for (at, package) in world.packages.iter().enumerate() {
            let versions: Vec<usize> = package.releases.keys().copied().collect();
            for (place, one) in versions.iter().enumerate() {
                for other in &versions[..place] {
                    clause(&[!releases[&(at, *one)], !releases[&(at, *other)]]);
                }
                if world.hosts.get(&at).is_some_and(|host| host != one) {
                    clause(&[!releases[&(at, *one)]]);
                }
            }
        }
        // A root, if it is to be met, has one of the versions that it asks for.
        for ((at, ask), root) in world.roots.iter().zip(&roots) {
            let admitted = world.admitted(*at, ask);
            let any = admitted.iter().map(|version| releases[&(*at, *version)]);
            clause(&any.chain([!*root]).collect::<Vec<_>>());
        }
        // A release that is selected has what it requires, and beside it is nothing that it does not welcome.
        for ((at, version), release) in &releases {
            for demand in world.demands(*at, &world.packages[*at].releases[version]) {
                let (target, welcome) = (demand.target, &demand.welcome);
                if demand.is_required {
                    let any = welcome.iter().map(|version| releases[&(target, *version)]);
                    clause(&any.chain([!*release]).collect::<Vec<_>>());
                } else {
                    let versions = world.packages[target].releases.keys();
                    for other in versions.filter(|version| !welcome.contains(version)) {
                        clause(&[!*release, !releases[&(target, *other)]]);
                    }
                }
            }
        }
        Self {
            solver,
            releases,
            roots,
        }
    }

    /// Whether these roots can be met together with these releases.
    fn is_possible(&mut self, roots: &[usize], with: &[(usize, usize)]) -> bool {
        let roots = roots.iter().map(|root| self.roots[*root]);
        let with = with.iter().map(|release| self.releases[release]);
        let assumed: Vec<Lit> = roots.chain(with).collect();
        let verdict = self.solver.solve_limited(&assumed);
        assert!(
            verdict != lbool::UNDEF,
            "without a limit there is a verdict"
        );
        verdict == lbool::TRUE
    }

    /// The best version of each root in turn, given those before it.
    fn best_roots(&mut self, world: &World, policy: Policy) -> Vec<(usize, usize)> {
        let all: Vec<usize> = (0..world.roots.len()).collect();
        let mut fixed = Vec::new();
        let mut seen = BTreeSet::new();
        for (at, _) in world.roots.iter().filter(|(at, _)| seen.insert(*at)) {
            let best = world.in_order(*at, policy).into_iter().find(|version| {
                fixed.push((*at, *version));
                let is_possible = self.is_possible(&all, &fixed);
                fixed.pop();
                is_possible
            });
            fixed.push((*at, best.unwrap()));
        }
        fixed
    }
}

/// What the worlds were that a law was tried on.
#[derive(Debug, Default)]
struct Tally {
    answered: usize,
    /// Of these: packages that need each other are selected.
    cyclic: usize,
    /// Of these: a prerelease is selected.
    prerelease: usize,
    /// Of these: the greedy search did not find it.
    searched: usize,
    impossible: usize,
    /// Of these: several requests clash.
    clashing: usize,
}

impl Tally {
    fn count(&mut self, answer: &Result<Resolution, Failure>) {
        match answer {
            Ok(resolution) => {
                let is_prerelease = |one: &Selected| !one.version.pre.is_empty();
                self.answered += 1;
                self.cyclic +=
                    usize::from(resolution.install_order().iter().any(|unit| unit.len() > 1));
                self.prerelease += usize::from(resolution.packages().any(is_prerelease));
                self.searched += usize::from(resolution.path() == Path::Complete);
            }
            Err(failure) => {
                let is_clash =
                    matches!(failure, Failure::Conflict(why) if why.requests().len() > 1);
                self.impossible += 1;
                self.clashing += usize::from(is_clash);
            }
        }
    }
}

/// Says what worlds it saw: `cargo xtask ci` has it see 40,000.
#[test]
fn there_is_an_answer_if_and_only_if_the_clauses_can_be_met() {
    let config = ProptestConfig {
        source_file: Some(file!()),
        ..config(400)
    };
    let policy = select(vec![Policy::Newest, Policy::Newest, Policy::Lowest]);
    let tally = RefCell::new(Tally::default());
    let outcome = TestRunner::new(config.clone()).run(&(worlds(), policy), |(world, policy)| {
        let answer = resolve(&world.universe(), &world.request().policy(policy));
        tally.borrow_mut().count(&answer);
        is_as_the_oracle_says(&world, policy, answer)
    });
    let (seed, tally) = (seed(), tally.into_inner());
    if let Err(failure) = outcome {
        panic!("seed {seed}: {failure}");
    }
    println!(
        "{} problems (seed {seed}), every verdict as the SAT solver's: {tally:?}",
        tally.answered + tally.impossible
    );
    // Those that broke it once come on top.
    assert!(tally.answered + tally.impossible >= config.cases as usize);
}

fn is_as_the_oracle_says(
    world: &World,
    policy: Policy,
    answer: Result<Resolution, Failure>,
) -> Result<(), TestCaseError> {
    let all: Vec<usize> = (0..world.roots.len()).collect();
    let mut oracle = Oracle::new(world);
    match answer {
        Ok(resolution) => {
            let selected = selected(&resolution);
            prop_assert_eq!(world.check(&selected), Ok(()));
            for (at, version) in oracle.best_roots(world, policy) {
                prop_assert_eq!(selected.get(&at), Some(&version), "root {}", at);
            }
            for package in resolution.packages() {
                prop_assert!(package.is_root || !resolution.dependents(&package.name).is_empty());
            }
        }
        Err(Failure::Conflict(_)) => prop_assert!(!oracle.is_possible(&all, &[])),
        Err(failure) => prop_assert!(false, "{failure}"),
    }
    Ok(())
}

proptest! {
    #![proptest_config(config(400))]

    #[test]
    fn an_explanation_is_a_least_core_and_offers_just_what_helps(world in worlds()) {
        let Err(Failure::Conflict(why)) = resolve(&world.universe(), &world.request()) else {
            return Ok(());
        };
        let all: Vec<usize> = (0..world.roots.len()).collect();
        let without = |roots: &[usize], one: usize| -> Vec<usize> {
            roots.iter().copied().filter(|root| *root != one).collect()
        };
        let is_in = |requests: &[ClashingRequest], root: usize| {
            let (name, spec) = world.root_words(root);
            requests.iter().any(|r| r.name == name && r.spec == spec)
        };
        let core: Vec<usize> = all.iter().copied().filter(|root| is_in(why.requests(), *root)).collect();
        let mut oracle = Oracle::new(&world);
        prop_assert!(why.is_minimal());
        prop_assert_eq!(core.len(), why.requests().len());
        prop_assert!(!oracle.is_possible(&core, &[]), "the core is possible");
        for root in &core {
            prop_assert!(oracle.is_possible(&without(&core, *root), &[]), "{} is not needed", root);
        }
        for root in &all {
            let helps = oracle.is_possible(&without(&all, *root), &[]);
            prop_assert_eq!(helps, is_in(why.removals(), *root), "removal of {}", root);
        }
        let lines = why.lines();
        prop_assert!(lines.len() <= 12 && lines.join("\n").len() <= 4096);
    }

    #[test]
    fn neither_order_nor_search_nor_strangers_change_an_answer(
        world in worlds(),
        shuffled in Just((0..60).collect::<Vec<usize>>()).prop_shuffle(),
    ) {
        let request = world.request();
        let answer = resolve(&world.universe(), &request);
        prop_assert_eq!(&answer, &resolve(&world.universe(), &request));
        let order: Vec<usize> = shuffled.into_iter().filter(|at| *at < world.packages.len()).collect();
        prop_assert_eq!(&answer, &resolve(&world.universe_in(&order), &request));
        let reachable = world.reachable();
        let related: Vec<usize> = (0..world.packages.len()).filter(|at| reachable.contains(at)).collect();
        let without = resolve(&world.universe_in(&related), &request);
        let complete = resolve(&world.universe(), &request.search(Search::Complete));
        match (&answer, &without, &complete) {
            (Ok(a), Ok(b), Ok(c)) => {
                prop_assert_eq!(c.path(), Path::Complete);
                prop_assert_eq!((a.lock(), a.install_order()), (b.lock(), b.install_order()));
                prop_assert_eq!((a.lock(), a.install_order()), (c.lock(), c.install_order()));
            }
            (Err(a), Err(b), Err(c)) => {
                prop_assert_eq!(a, b);
                prop_assert_eq!(a, c);
            }
            _ => prop_assert!(false, "{answer:?}, {without:?}, {complete:?}"),
        }
    }

    /// Sets of versions are held otherwise where one package has more of them than fit into a word.
    #[test]
    fn a_stranger_of_many_versions_changes_no_answer(world in worlds()) {
        let request = world.request().search(Search::Complete);
        let mut builder = world.builder();
        for major in 0..100 {
            builder.release(name("stranger"), Version::new(major, 0, 0), ReleaseFacts::new());
        }
        let (alone, beside) = (resolve(&world.universe(), &request), resolve(&builder.build(), &request));
        match (alone, beside) {
            (Ok(a), Ok(b)) => prop_assert_eq!((a.lock(), a.install_order()), (b.lock(), b.install_order())),
            (a, b) => prop_assert_eq!(a.err(), b.err()),
        }
    }

    #[test]
    fn a_frozen_lock_holds_until_something_of_it_is_gone(world in worlds(), at in any::<Index>(), which in any::<Index>()) {
        let request = world.request().policy(Policy::Lowest);
        let Ok(resolution) = resolve(&world.universe(), &request) else {
            return Ok(());
        };
        let (lock, locked) = (resolution.lock(), selected(&resolution));
        let releases = world.packages.iter().enumerate();
        let releases = releases.flat_map(|(at, package)| package.releases.keys().map(move |v| (at, *v)));
        let (all, of_lock): (Vec<_>, Vec<_>) = (releases.collect(), locked.iter().map(|(at, v)| (*at, *v)).collect());
        let (at, gone) = *if at.index(2) == 0 { which.get(&all) } else { which.get(&of_lock) };
        let mut later = world.clone();
        later.forget(at, &BTreeSet::from([gone]));
        let frozen = resolve(&later.universe(), &request.clone().frozen(lock.clone()));
        if locked.get(&at) == Some(&gone) {
            prop_assert!(matches!(frozen, Err(Failure::Drift(_))), "{frozen:?}");
            return Ok(());
        }
        prop_assert_eq!(frozen.map(|frozen| frozen.lock()), Ok(lock.clone()));
        // And a lock that is preferred stays as it is, unless it was a tag that went.
        if later.packages[at].next == world.packages[at].next {
            let preferred = resolve(&later.universe(), &request.policy(Policy::Newest).prefer(lock)).unwrap();
            prop_assert_eq!(selected(&preferred), locked);
        }
    }

    #[test]
    fn a_cooldown_is_as_if_the_young_had_never_been(mut world in worlds(), step in 2..7_usize) {
        // For what the host has and where tags point there are rules of their own.
        world.hosts.clear();
        for package in &mut world.packages {
            package.next = None;
        }
        world.young = (0..100).step_by(step).collect();
        let mut before = world.clone();
        for at in 0..before.packages.len() {
            before.forget(at, &world.young);
        }
        let cooldown = Cooldown::published_until(World::old());
        let careful = resolve(&world.universe(), &world.request().cooldown(cooldown));
        let expected = resolve(&before.universe(), &before.request());
        match (careful, expected) {
            (Ok(a), Ok(b)) => prop_assert_eq!(selected(&a), selected(&b)),
            (Err(Failure::Conflict(a)), Err(Failure::Conflict(b))) => {
                prop_assert_eq!((a.requests(), a.removals()), (b.requests(), b.removals()));
            }
            (a, b) => prop_assert!(false, "{a:?}, {b:?}"),
        }
    }
}

/// The laws would say little about worlds that are all easy or all impossible.
#[test]
fn worlds_are_of_every_kind() {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (size, worlds) in [
        (worlds::SMALL, 100),
        (worlds::LARGE, 20),
        (worlds::WIDE, 20),
    ] {
        let mut runner = TestRunner::deterministic();
        for _ in 0..worlds {
            let world = worlds::sized(size).new_tree(&mut runner).unwrap().current();
            let kind = match resolve(&world.universe(), &world.request()) {
                Ok(resolution) if resolution.path() == Path::Greedy => "greedy",
                Ok(_) => "complete",
                Err(Failure::Conflict(why)) if why.requests().len() == 1 => "one request",
                Err(Failure::Conflict(_)) => "several requests",
                Err(failure) => failure.tag(),
            };
            *counts.entry(kind).or_default() += 1;
        }
    }
    assert_eq!(counts.len(), 4, "{counts:?}");
    assert!(counts.values().all(|count| *count >= 14), "{counts:?}");
}
