//! Laws of locks and of what time holds back, over random small universes.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use plugin_resolver::{
    Cooldown, DependencyKind, Failure, Lock, PackageName, Policy, Prereleases, Request, Resolution,
    Search, Undated, Unlock, resolve,
};
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::cases::config;
use crate::laws::{NAMES, Need, VERSIONS, World, needs, selected, worlds};
use crate::support::name;

fn request(world: &World) -> Request {
    world.request(&world.roots)
}

/// The answer of a world to its roots, if there is one.
fn answer(world: &World, how: impl Fn(Request) -> Request) -> Option<Resolution> {
    resolve(&world.in_order(), &how(request(world))).ok()
}

fn named(set: &BTreeSet<usize>) -> BTreeSet<PackageName> {
    set.iter().map(|at| name(NAMES[*at])).collect()
}

/// Each package alone, and some together.
fn unlocks(set: &BTreeSet<usize>) -> Vec<Unlock> {
    let alone = (0..NAMES.len()).map(|at| BTreeSet::from([at]));
    let sets: Vec<_> = alone.chain([set.clone()]).map(|set| named(&set)).collect();
    let only = sets.iter().cloned().map(Unlock::Only);
    let with = sets.iter().cloned().map(Unlock::WithDependencies);
    [Unlock::None].into_iter().chain(only).chain(with).collect()
}

/// A world of first releases, which go together, and the same with later ones, which mostly need each other.
fn generations() -> impl Strategy<Value = (World, World)> {
    /// By position, the version of each generation and the ranges that it needs others in.
    const GENERATIONS: [(usize, &[usize]); 3] =
        [(0, &[0, 1, 4]), (2, &[0, 1, 2, 11]), (4, &[0, 5, 6])];
    let last = NAMES.len() - 1;
    let need = (0..last, any::<Index>(), any::<bool>());
    let needs = prop::collection::vec(need, 0..4);
    let releases = prop::collection::vec(needs, NAMES.len() * GENERATIONS.len());
    let roots = prop::collection::btree_set(0..last, 1..3);
    (releases, roots).prop_map(move |(releases, roots)| {
        let mut world = World {
            releases: BTreeMap::new(),
            roots: roots.into_iter().map(|package| (package, 0)).collect(),
        };
        let mut first = world.clone();
        for (at, needs) in releases.iter().enumerate() {
            let (generation, package) = (at / NAMES.len(), at % NAMES.len());
            let (version, ranges) = GENERATIONS[generation];
            let needs = needs
                .iter()
                .filter(|_| package < last)
                .map(|(after, range, is_peer)| {
                    let kind = match is_peer {
                        true => DependencyKind::Peer,
                        false => DependencyKind::Normal,
                    };
                    (
                        package + 1 + after % (last - package),
                        *range.get(ranges),
                        kind,
                    )
                });
            let needs: Vec<Need> = needs.collect();
            if generation == 0 {
                first.releases.insert((package, version), needs.clone());
            }
            world.releases.insert((package, version), needs);
        }
        (first, world)
    })
}

/// What may move, decided here by the lock's own words.
fn unlocked(unlock: &Unlock, lock: &Lock) -> BTreeSet<PackageName> {
    match unlock {
        Unlock::None => BTreeSet::new(),
        Unlock::Only(names) => names.clone(),
        Unlock::WithDependencies(names) => {
            let mut all = names.clone();
            loop {
                let needed = lock.packages().filter(|(name, _)| all.contains(*name));
                let needed = needed
                    .flat_map(|(_, locked)| locked.needs.iter().map(|need| need.name.clone()));
                let before = all.len();
                all.extend(needed.collect::<Vec<_>>());
                if all.len() == before {
                    return all;
                }
            }
        }
        other => panic!("{other:?}"),
    }
}

/// A policy and a rule for prereleases.
fn policies() -> impl Strategy<Value = (Policy, Prereleases)> {
    (
        select(vec![Policy::Newest, Policy::Lowest]),
        select(vec![Prereleases::WhereNamed, Prereleases::Everywhere]),
    )
}

/// A world in which some releases need something else.
fn changed(world: &World, changes: &BTreeMap<usize, Vec<Need>>) -> World {
    let mut world = world.clone();
    for (at, needs) in changes {
        let at = at % world.releases.len();
        if let Some((_, old)) = world.releases.iter_mut().nth(at) {
            needs.clone_into(old);
        }
    }
    world
}

fn changes() -> impl Strategy<Value = BTreeMap<usize, Vec<Need>>> {
    prop::collection::btree_map(0..16_usize, needs(), 0..3)
}

/// By release, the day it was published, if that is known.
fn days() -> impl Strategy<Value = BTreeMap<(usize, usize), Option<u32>>> {
    let release = (0..NAMES.len(), 0..VERSIONS.len());
    prop::collection::btree_map(release, prop::option::weighted(0.9, 1..30_u32), 0..25)
}

fn day(day: u32) -> DateTime<Utc> {
    format!("2026-11-{day:02}T12:00:00Z").parse().unwrap()
}

proptest! {
    #![proptest_config(config(2_000))]

    /// Whatever else became of the universe.
    #[test]
    fn what_is_not_unlocked_stays_while_the_lock_still_is_an_answer(
        (world, later) in generations(),
        (policy, _) in policies(),
        set in prop::collection::btree_set(0..NAMES.len(), 2..4),
    ) {
        let old = answer(&world, |request| request).unwrap();
        let lock = old.lock();
        let answers = later.answers(&later.roots);
        prop_assert!(answers.contains(&selected(&old)));
        let universe = later.in_order();
        for unlock in unlocks(&set) {
            let free = unlocked(&unlock, &lock);
            for search in [Search::GreedyFirst, Search::Complete] {
                let asked = request(&later).policy(policy).search(search);
                let asked = asked.prefer(lock.clone()).unlock(unlock.clone());
                let moved = resolve(&universe, &asked).unwrap();
                for package in moved.packages().filter(|package| !free.contains(&package.name)) {
                    if let Some(locked) = lock.get(&package.name) {
                        prop_assert_eq!(&package.version, &locked.version, "{} {:?}", &package.name, &unlock);
                    }
                }
                prop_assert!(answers.contains(&selected(&moved)));
            }
        }
    }

    #[test]
    fn what_is_unlocked_as_a_whole_is_as_if_nothing_were_locked(
        world in worlds(),
        later in worlds(),
        (policy, prereleases) in policies(),
    ) {
        let Some(old) = answer(&world, |request| request.policy(policy)) else { return Ok(()) };
        let asked = request(&later).prereleases(prereleases);
        let free = resolve(&later.in_order(), &asked);
        let unlocked = resolve(&later.in_order(), &asked.prefer(old.lock()).unlock(Unlock::All));
        prop_assert_eq!(free.map(|it| it.lock().to_json()), unlocked.map(|it| it.lock().to_json()));
    }

    #[test]
    fn a_lock_that_is_preferred_where_nothing_changed_is_the_same_again(
        world in worlds(),
        (policy, prereleases) in policies(),
    ) {
        let how = |request: Request| request.policy(policy).prereleases(prereleases);
        let Some(old) = answer(&world, how) else { return Ok(()) };
        let lock = old.lock();
        for search in [Search::GreedyFirst, Search::Complete] {
            let again = answer(&world, |request| how(request).search(search).prefer(lock.clone()));
            prop_assert_eq!(again.unwrap().lock().to_json(), lock.to_json());
        }
        let frozen = answer(&world, |request| how(request).frozen(lock.clone()));
        prop_assert_eq!(frozen.unwrap().lock().to_json(), lock.to_json());
    }

    /// Nothing that a lock says can be other than it is and pass.
    #[test]
    fn a_frozen_lock_that_passes_is_what_its_answer_locks(
        world in worlds(),
        changes in changes(),
        (policy, _) in policies(),
    ) {
        let Some(old) = answer(&world, |request| request.policy(policy)) else { return Ok(()) };
        let later = changed(&world, &changes);
        let frozen = answer(&later, |request| request.policy(policy).frozen(old.lock()));
        let is_answer = later.answers(&later.roots).contains(&selected(&old));
        match frozen {
            Some(frozen) => {
                prop_assert!(is_answer);
                prop_assert_eq!(frozen.lock().to_json(), old.lock().to_json());
            }
            // It is refused for a reason: no answer, or one that would be locked otherwise.
            None if is_answer => {
                let asked = request(&later).policy(policy).prefer(old.lock());
                let preferred = resolve(&later.in_order(), &asked).unwrap();
                prop_assert_ne!(preferred.lock().to_json(), old.lock().to_json());
            }
            None => {}
        }
    }

    #[test]
    fn a_cooldown_is_a_universe_without_what_is_young(
        world in worlds(),
        days in days(),
        until in 0..30_u32,
        exempt in prop::collection::btree_set(0..NAMES.len(), 0..2),
        locks in any::<bool>(),
        refuses in any::<bool>(),
        before in worlds(),
    ) {
        let lock = answer(&before, |request| request).map(|it| it.lock()).filter(|_| locks);
        let is_locked = |package: usize, version: usize| {
            let locked = lock.as_ref().and_then(|lock| lock.get(&name(NAMES[package])));
            locked.is_some_and(|locked| locked.version.to_string() == VERSIONS[version])
        };
        let is_young = |at: &(usize, usize)| match days.get(at).copied().flatten() {
            Some(day) => day > until,
            None => refuses,
        };
        let mut old = world.clone();
        old.releases.retain(|at, _| !is_young(at) || exempt.contains(&at.0) || is_locked(at.0, at.1));
        let mut cooldown = Cooldown::published_until(if until == 0 { DateTime::UNIX_EPOCH } else { day(until) });
        cooldown = named(&exempt).into_iter().fold(cooldown, Cooldown::exempt);
        if refuses {
            cooldown = cooldown.undated(Undated::Refuse);
        }
        let locking = |asked: Request| match &lock {
            Some(lock) => asked.prefer(lock.clone()),
            None => asked,
        };
        let dated = world.dated(|at| days.get(&at).copied().flatten().map(day));
        let asked = locking(request(&world)).cooldown(cooldown);
        let answers = old.answers(&old.roots);
        for search in [Search::GreedyFirst, Search::Complete] {
            match resolve(&dated, &asked.clone().search(search)) {
                Ok(resolution) => {
                    prop_assert!(answers.contains(&selected(&resolution)));
                    let filtered = resolve(&old.in_order(), &locking(request(&old)).search(search)).unwrap();
                    prop_assert_eq!(selected(&resolution), selected(&filtered));
                }
                Err(Failure::Conflict(_)) => prop_assert!(answers.is_empty(), "{answers:?}"),
                Err(failure) => prop_assert!(false, "{failure}"),
            }
        }
    }
}
