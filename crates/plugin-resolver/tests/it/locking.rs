//! What a lock and time hold back.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use plugin_resolver::{
    Budget, Cooldown, DependencyKind, Failure, Interrupt, Lock, Path, ReleaseFacts, Request,
    Search, Undated, Universe, UniverseBuilder, Unlock, parse_version, resolve, resolve_groups,
    resolve_groups_until, resolve_until,
};

use crate::support::{builder, digest, name, outcome, request, selection};

const BEFORE: &str = "
    a@1.0.0: core ^1, x *
    b@1.0.0: core ^1
    core@1.0.0
    x@1.0.0
";

/// `BEFORE` with later releases.
fn after() -> Universe {
    let later = "
        a@1.1.0: core ^1.1, x *
        a@2.0.0: core ^2, x *
        b@1.1.0: core ^1
        b@2.0.0: core ^2
        core@1.1.0
        core@2.0.0
        x@1.1.0
    ";
    builder(&format!("{BEFORE}{later}")).build()
}

fn lock(asked: &str) -> Lock {
    resolve(&builder(BEFORE).build(), &request(asked))
        .unwrap()
        .lock()
}

fn names(names: &[&str]) -> BTreeSet<plugin_resolver::PackageName> {
    names.iter().map(|text| name(text)).collect()
}

/// Both searches give the same.
fn ask(universe: &Universe, request: &Request) -> String {
    let greedy = outcome(&resolve(universe, request));
    let complete = request.clone().search(Search::Complete);
    assert_eq!(greedy, outcome(&resolve(universe, &complete)));
    greedy
}

#[test]
fn what_is_unlocked_moves_as_far_as_what_is_locked_lets_it() {
    let locked = request("a *, b *").prefer(lock("a *, b *"));
    for (unlock, expect) in [
        (Unlock::None, "a 1.0.0, b 1.0.0, core 1.0.0, x 1.0.0"),
        (
            Unlock::Only(names(&["x"])),
            "a 1.0.0, b 1.0.0, core 1.0.0, x 1.1.0",
        ),
        // The newer releases need another core, and that is locked.
        (
            Unlock::Only(names(&["a"])),
            "a 1.0.0, b 1.0.0, core 1.0.0, x 1.0.0",
        ),
        (
            Unlock::Only(names(&["b"])),
            "a 1.0.0, b 1.1.0, core 1.0.0, x 1.0.0",
        ),
        (
            Unlock::WithDependencies(names(&["a"])),
            "a 1.1.0, b 1.0.0, core 1.1.0, x 1.1.0",
        ),
        (Unlock::All, "a 2.0.0, b 2.0.0, core 2.0.0, x 1.1.0"),
        // Nothing is known of it, and nothing follows.
        (
            Unlock::Only(names(&["nobody"])),
            "a 1.0.0, b 1.0.0, core 1.0.0, x 1.0.0",
        ),
    ] {
        assert_eq!(
            ask(&after(), &locked.clone().unlock(unlock.clone())),
            expect,
            "{unlock:?}"
        );
    }
}

#[test]
fn what_is_not_unlocked_stays_though_only_the_unlocked_need_it() {
    let locked = request("a *").prefer(lock("a *"));
    let only = |unlocked: &str| Unlock::Only(names(&[unlocked]));
    for (unlock, expect) in [
        (only("a"), "a 1.0.0, core 1.0.0, x 1.0.0"),
        (only("core"), "a 1.0.0, core 1.1.0, x 1.0.0"),
        (
            Unlock::WithDependencies(names(&["a"])),
            "a 2.0.0, core 2.0.0, x 1.1.0",
        ),
    ] {
        let asked = locked.clone().unlock(unlock.clone());
        assert_eq!(ask(&after(), &asked), expect, "{unlock:?}");
    }
    // Where it cannot stay, it moves no further than it has to.
    let asked = request("a ^1.1").prefer(lock("a *")).unlock(only("a"));
    assert_eq!(ask(&after(), &asked), "a 1.1.0, core 1.1.0, x 1.0.0");
    // What the host provides or the request asks for counts before what is locked, and holds nothing else back.
    let hosted = request("a *, b *")
        .prefer(lock("a *, b *"))
        .unlock(only("b"))
        .host(name("x"), parse_version("1.1.0").unwrap());
    assert_eq!(
        ask(&after(), &hosted),
        "a 1.0.0, b 1.1.0, core 1.0.0, x 1.1.0"
    );
}

#[test]
fn a_new_root_bends_to_what_is_locked() {
    let asked = request("a *, b *").prefer(lock("b *"));
    assert_eq!(
        ask(&after(), &asked),
        "a 1.0.0, b 1.0.0, core 1.0.0, x 1.1.0"
    );
    // Unless it cannot.
    let asked = request("a ^2, b *").prefer(lock("b *"));
    assert_eq!(
        ask(&after(), &asked),
        "a 2.0.0, b 2.0.0, core 2.0.0, x 1.1.0"
    );
}

#[test]
fn a_locked_release_stays_though_it_was_withdrawn() {
    let mut library = builder("a@1.1.0");
    let facts = || ReleaseFacts::new().yanked();
    library.release(name("a"), parse_version("1.0.0").unwrap(), facts());
    let before = resolve(&library.build(), &request("a 1.0.0"))
        .unwrap()
        .lock();
    let asked = request("a *").prefer(before);
    assert_eq!(ask(&library.build(), &asked), "a 1.0.0");
    assert_eq!(ask(&library.build(), &asked.unlock(Unlock::All)), "a 1.1.0");
}

#[test]
fn a_frozen_lock_is_the_answer() {
    let asked = request("a *, b *").host(name("core"), parse_version("1.0.0").unwrap());
    let lock = resolve(&builder(BEFORE).build(), &asked).unwrap().lock();
    let resolution = resolve(&after(), &asked.clone().frozen(lock.clone())).unwrap();
    assert_eq!(
        selection(&resolution),
        "a 1.0.0, b 1.0.0, core 1.0.0, x 1.0.0"
    );
    assert_eq!((resolution.path(), resolution.steps()), (Path::Frozen, 0));
    assert_eq!(resolution.lock(), lock);
}

#[test]
fn where_a_tag_points_now_is_no_drift() {
    let tagged = |version: &str| {
        let mut library = builder("a@1.0.0: b next\n a@1.1.0: b next\n b@1.0.0\n b@2.0.0");
        library.tag(name("a"), "latest", parse_version(version).unwrap());
        library.tag(name("b"), "next", parse_version(version).unwrap());
        library.release(
            name("b"),
            parse_version("1.1.0").unwrap(),
            ReleaseFacts::new(),
        );
        library.build()
    };
    let asked = request("a latest");
    let lock = resolve(&tagged("1.0.0"), &asked).unwrap().lock();
    let frozen = asked.frozen(lock);
    assert_eq!(
        outcome(&resolve(&tagged("1.1.0"), &frozen)),
        "a 1.0.0, b 1.0.0"
    );
}

/// What drifted if a lock of `BEFORE` is held against another request and universe.
fn drift(universe: &UniverseBuilder, asked: Request, lock: Lock) -> String {
    match resolve(&universe.build(), &asked.frozen(lock)) {
        Err(Failure::Drift(drift)) => drift.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_a_version_needed_that_is_gone_is_not_unneeded() {
    for others in ["", "\n a@2.0.0"] {
        let library = format!("core@1.0.0\n x@1.0.0\n b@1.0.0: core ^1{others}");
        let drift = drift(&builder(&library), request("a *, b *"), lock("a *, b *"));
        assert!(!drift.contains("x 1.0.0"), "{drift}");
    }
}

#[test]
fn everything_that_drifted_is_said() {
    let mut texts = Vec::new();
    let mut tell = |what: &str, drift: String| texts.push(format!("{what}\n{drift}"));
    let both = || lock("a *, b *");
    let same = || request("a *, b *");
    tell(
        "the request",
        drift(&builder(BEFORE), request("b ^1, x *"), both()),
    );
    tell(
        "the host",
        drift(
            &builder(BEFORE),
            same().host(name("core"), parse_version("2.0.0").unwrap()),
            both(),
        ),
    );
    tell(
        "versions gone",
        drift(
            &builder("a@1.0.0: core ^1, x *\n b@1.0.0: core ^1\n core@1.1.0"),
            same(),
            both(),
        ),
    );
    tell(
        "other needs",
        drift(
            &builder(
                "a@1.0.0: core ^2, y *\n b@1.0.0: core ^1, ^x? ^2\n core@1.0.0\n x@1.0.0\n y@1.0.0",
            ),
            same(),
            both(),
        ),
    );
    tell(
        "a dependent gone with what only it needs",
        drift(&builder("b@1.0.0: core ^1\n core@1.0.0"), same(), both()),
    );
    tell(
        "a package that is no longer asked for and not known any more",
        drift(
            &builder("b@1.0.0: core ^1\n core@1.0.0"),
            request("b *"),
            both(),
        ),
    );
    let with = |integrity: &str| {
        let mut library = builder("");
        let facts = ReleaseFacts::new().integrity(integrity);
        library.release(name("a"), parse_version("1.0.0").unwrap(), facts);
        library
    };
    let locked = resolve(&with(&digest('A')).build(), &request("a *"))
        .unwrap()
        .lock();
    tell(
        "other bytes",
        drift(&with(&digest('B')), request("a *"), locked),
    );
    let mut stripped = builder("");
    stripped.release(
        name("a"),
        parse_version("1.0.0").unwrap(),
        ReleaseFacts::new(),
    );
    let stripped = resolve(&stripped.build(), &request("a *")).unwrap().lock();
    tell(
        "a digest taken away",
        drift(&with(&digest('B')), request("a *"), stripped),
    );
    tell(
        "a lock of nothing",
        drift(&builder(BEFORE), request("a *"), lock("")),
    );
    tell("a universe of nothing", drift(&builder(""), same(), both()));
    insta::assert_snapshot!(texts.join("\n\n"));
    let answer = resolve(&builder(BEFORE).build(), &request("b ^1").frozen(both()));
    insta::assert_snapshot!(outcome(&answer), @"LockDrifted: the lock does not hold: a * is no longer asked for, and 2 more");
}

#[test]
fn a_frozen_lock_is_one_group_or_none() {
    let universe = builder(BEFORE).build();
    let groups = |asked: &str| {
        resolve_groups(&universe, &request(asked).frozen(lock("a *, b *")))
            .map(|grouping| grouping.to_string())
            .map_err(|failure| failure.to_string())
    };
    assert_eq!(
        groups("a *, b *").unwrap(),
        "2 requests in one group\n  group 1: a 1.0.0, b 1.0.0"
    );
    // Said of the whole request, not of its parts.
    assert_eq!(
        groups("a *, b *, nothing *").unwrap_err(),
        "the lock does not hold: nothing * is asked for, it was not"
    );
    let none = resolve_groups(&universe, &Request::new().frozen(lock(""))).unwrap();
    assert_eq!(none.groups().len(), 0);
}

#[test]
fn it_does_not_matter_when_a_lock_is_unlocked() {
    let before = request("b *").unlock(Unlock::All).prefer(lock("b *"));
    assert_eq!(ask(&after(), &before), "b 2.0.0, core 2.0.0");
    let frozen = request("b *").frozen(lock("b *"));
    assert_eq!(
        ask(&after(), &frozen.prefer(lock("b *"))),
        "b 1.0.0, core 1.0.0"
    );
}

#[test]
fn drift_is_data() {
    let universe = builder("a@1.0.0: core ^2, x *\n b@1.0.0: core ^1\n core@1.0.0").build();
    let asked = request("a *, b ^1").frozen(lock("a *, b *"));
    let Err(Failure::Drift(drift)) = resolve(&universe, &asked) else {
        panic!("it drifted");
    };
    insta::assert_snapshot!(serde_json::to_string_pretty(&drift).unwrap());
}

fn day(day: u32) -> DateTime<Utc> {
    format!("2026-11-{day:02}T12:00:00Z").parse().unwrap()
}

/// `a` was published on the 1st, 10th and 20th; of `b` and its newest nothing is known; `c` needs what is young.
fn dated() -> UniverseBuilder {
    let mut library = builder("b@1.0.0\n b@1.1.0\n c@1.0.0: a ^1.2\n c@0.9.0: a ^1.1");
    for (version, published) in [
        ("1.0.0", 1),
        ("1.1.0", 10),
        ("1.2.0", 20),
        ("1.3.0-rc.1", 21),
    ] {
        let facts = ReleaseFacts::new().published_at(day(published));
        library.release(name("a"), parse_version(version).unwrap(), facts);
    }
    library.tag(name("a"), "latest", parse_version("1.2.0").unwrap());
    library.tag(name("a"), "next", parse_version("1.3.0-rc.1").unwrap());
    library
}

#[test]
fn a_cooldown_passes_over_young_releases() {
    let universe = dated().build();
    let until = |at: u32| Cooldown::published_until(day(at));
    for (asked, cooldown, expect) in [
        ("a *", until(20), "a 1.2.0"),
        ("a *", until(19), "a 1.1.0"),
        ("a *", until(9), "a 1.0.0"),
        ("a latest", until(19), "a 1.1.0"),
        ("a next", until(19), "a 1.1.0"),
        ("a next", until(20), "a 1.2.0"),
        ("a *", until(9).exempt(name("a")), "a 1.2.0"),
        ("b *", until(9), "b 1.1.0"),
        (
            "a *",
            until(9).admitting(name("a"), parse_version("1.1.0").unwrap()),
            "a 1.1.0",
        ),
        (
            "a *",
            until(9).admitting(name("b"), parse_version("1.1.0").unwrap()),
            "a 1.0.0",
        ),
        ("c *", until(19).exempt(name("c")), "a 1.1.0, c 0.9.0"),
    ] {
        let asked = request(asked).cooldown(cooldown.clone());
        assert_eq!(ask(&universe, &asked), expect, "{cooldown:?}");
    }
    // What is there already stays.
    let asked = request("a *").cooldown(until(9));
    let young = resolve(&universe, &request("a *")).unwrap().lock();
    assert_eq!(ask(&universe, &asked.clone().prefer(young)), "a 1.2.0");
    assert!(asked.has_cooldown() && !request("a *").has_cooldown());
    let provided = asked.host(name("a"), parse_version("1.2.0").unwrap());
    assert_eq!(ask(&universe, &provided), "a 1.2.0");
}

#[test]
fn a_cooldown_is_explained() {
    let universe = dated().build();
    let ask = |asked: &str, cooldown: Cooldown| {
        outcome(&resolve(&universe, &request(asked).cooldown(cooldown)))
    };
    let until = |at: u32| Cooldown::published_until(day(at));
    insta::assert_snapshot!(ask("a ^1.2", until(19)), @"a ^1.2 cannot be installed: only versions younger than the cooldown are in that range: 1.2.0, published 2026-11-20");
    insta::assert_snapshot!(ask("a latest", Cooldown::published_until(DateTime::UNIX_EPOCH)), @"a latest cannot be installed: only versions younger than the cooldown are in that range: 1.2.0, published 2026-11-20");
    insta::assert_snapshot!(ask("b *", until(19).undated(Undated::Refuse)), @"b * cannot be installed: only versions of unknown age are in that range, which the cooldown passes over: 1.1.0");
    insta::assert_snapshot!(ask("c *", until(9)), @r#"
    c * cannot be installed
      c 0.9.0 needs a ^1.1: only versions younger than the cooldown are in that range: 1.2.0, published 2026-11-20
      c 1.0.0 needs a ^1.2: only versions younger than the cooldown are in that range: 1.2.0, published 2026-11-20
    "#);
}

#[test]
fn what_is_locked_is_not_outdated_for_being_young() {
    let universe = dated().build();
    let lock = resolve(&universe, &request("a *")).unwrap().lock();
    let asked = request("a *").cooldown(Cooldown::published_until(day(9)));
    assert_eq!(lock.outdated(&universe, &asked).unwrap(), []);
    assert_eq!(
        lock.outdated(&universe, &asked.frozen(lock.clone()))
            .unwrap(),
        []
    );
}

#[test]
fn a_boundary_is_explained_with_what_is_locked_let_pass() {
    let mut library = dated();
    for (package, need) in [("old", "1.0.0"), ("new", "1.2.0")] {
        let facts =
            ReleaseFacts::new().needs(name("a"), need.parse().unwrap(), DependencyKind::Normal);
        library.release(name(package), parse_version("1.0.0").unwrap(), facts);
    }
    let universe = library.build();
    let lock = resolve(&universe, &request("new *")).unwrap().lock();
    let asked = request("old *, new *")
        .prefer(lock)
        .cooldown(Cooldown::published_until(day(9)));
    insta::assert_snapshot!(resolve_groups(&universe, &asked).unwrap(), @"
    2 requests in 2 groups, the fewest possible
      group 1: old 1.0.0; with a 1.0.0
      group 2: new 1.0.0; with a 1.2.0
    group 2 is apart from group 1: new 1.0.0 needs a 1.2.0, old 1.0.0 needs a 1.0.0
    ");
}

/// Eleven pigeons and ten holes, each of which takes one: hard to refute.
fn pigeons() -> (Universe, Request) {
    let mut library = Universe::builder();
    let mut asked = Request::new();
    for pigeon in 0..11_u32 {
        for hole in 0..10_u32 {
            // Whoever takes a hole needs a version of it that is its own.
            let version = parse_version(&format!("{}.0.0", pigeon + 1)).unwrap();
            library.release(name(&format!("hole{hole}")), version, ReleaseFacts::new());
            let facts = ReleaseFacts::new().needs(
                name(&format!("hole{hole}")),
                format!("{}.0.0", pigeon + 1).parse().unwrap(),
                DependencyKind::Normal,
            );
            let choice = parse_version(&format!("{}.0.0", hole + 1)).unwrap();
            library.release(name(&format!("pigeon{pigeon}")), choice, facts);
        }
        asked = asked.root(name(&format!("pigeon{pigeon}")), "*".parse().unwrap());
    }
    (library.build(), asked)
}

#[test]
fn what_is_hard_ends_with_its_budget() {
    let (universe, asked) = pigeons();
    let answer = resolve(&universe, &asked.budget(Budget::steps(2_000)));
    assert_eq!(
        outcome(&answer),
        "ResolutionBudgetSpent: no answer was found within 2000 steps"
    );
}

#[test]
fn a_search_can_be_interrupted() {
    let (universe, asked) = pigeons();
    let asked = asked.budget(Budget::steps(u64::MAX));
    let interrupt = Interrupt::new();
    let ours = interrupt.clone();
    let search = std::thread::spawn(move || resolve_until(&universe, &asked, &ours));
    interrupt.interrupt();
    let answer = search.join().unwrap();
    assert_eq!(
        outcome(&answer),
        "ResolutionCancelled: cancelled before there was an answer"
    );
    // What takes no search is answered all the same.
    let easy = resolve_until(&after(), &request("a *"), &interrupt);
    assert_eq!(outcome(&easy), "a 2.0.0, core 2.0.0, x 1.1.0");
}

#[test]
fn a_search_for_groups_can_be_interrupted() {
    let (universe, asked) = pigeons();
    let asked = asked.budget(Budget::steps(u64::MAX));
    let interrupt = Interrupt::new();
    let ours = interrupt.clone();
    let search = std::thread::spawn(move || resolve_groups_until(&universe, &asked, &ours));
    interrupt.interrupt();
    assert_eq!(search.join().unwrap(), Err(Failure::Cancelled));
    let asked = request("a *");
    let groups = resolve_groups_until(&after(), &asked, &Interrupt::new());
    assert_eq!(groups, resolve_groups(&after(), &asked));
}

#[test]
fn advice_can_be_interrupted() {
    let universe = builder("a@1.0.0: c 1.0.0\n b@1.0.0: c 2.0.0\n c@1.0.0\n c@2.0.0").build();
    let asked = request("a *, b *");
    let failure = resolve(&universe, &asked).unwrap_err();
    let interrupt = Interrupt::new();
    let advised = |interrupt| failure.clone().advised_until(&universe, &asked, interrupt);
    assert_eq!(
        advised(&interrupt),
        failure.clone().advised(&universe, &asked)
    );
    interrupt.interrupt();
    assert_eq!(advised(&interrupt), Failure::Cancelled);
}
