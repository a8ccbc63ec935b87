//! What an explanation offers: words for each kind of change, and laws decided by trying every selection there is.

use std::collections::BTreeMap;

use plugin_resolver::{
    Alternative, Budget, Change, Cooldown, DependencyKind, Detail, Explanation, Exports, Failure,
    Line, Prereleases, Range, ReleaseFacts, Request, Resolution, Undated, Universe, parse_version,
    resolve,
};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::cases::config;
use crate::laws::{NAMES, RANGES, VERSIONS, World, worlds};
use crate::support::{advice, builder, name, request};

fn advised(universe: &Universe, asked: &Request) -> Option<Explanation> {
    match resolve(universe, asked) {
        Err(Failure::Conflict(explanation)) => Some(explanation.advised(universe, asked)),
        _ => None,
    }
}

fn check(library: &str, asked: &Request) -> String {
    advice(&builder(library).build(), asked)
}

#[test]
fn instead_of_what_no_version_answers_a_stable_version_comes_first() {
    let library = "
        core@1.7.2
        core@2.0.0-alpha.3
    ";
    insta::assert_snapshot!(check(library, &request("core nightly")), @"
    core nightly cannot be installed: that package has no tag `nightly`
    what would help:
      - ask for core 1.7.2 instead of nightly
    ");
    insta::assert_snapshot!(check("core@2.0.0-alpha.3", &request("core nightly")), @"
    core nightly cannot be installed: that package has no tag `nightly`
    what would help:
      - ask for core 2.0.0-alpha.3 instead of nightly
    ");
}

#[test]
fn an_alias_is_told_as_it_is_written() {
    let library = "
        chat@1.0.0: db npm:sql@^2
        sql@1.0.0
        sql@1.1.0
    ";
    insta::assert_snapshot!(check(library, &request("chat *")), @"
    chat * cannot be installed
      chat 1.0.0 needs npm:sql@^2: no version is in that range, the newest is 1.1.0
    nothing was found that would help
    ");
    insta::assert_snapshot!(check(library, &request("old npm:sql@1.0.0, sql 1.1.0")), @"
    old npm:sql@1.0.0 and sql 1.1.0 cannot be installed together: no version of sql suits both
      you ask for npm:sql@1.0.0
      you ask for sql 1.1.0
    what would help:
      - ask for old npm:sql@1.1.0 instead of npm:sql@1.0.0: both work
      - ask for sql 1.0.0 instead of 1.1.0: both work
      - leave out old npm:sql@1.0.0: 1 of 2 works, with sql 1.1.0
      - leave out sql 1.1.0: 1 of 2 works, with sql 1.0.0
    ");
}

#[test]
fn another_version_of_one_request_the_nearest_line_first() {
    let library = "
        chat@1.7.2: core 1.7.2
        search@0.24.0: core ^0.24
        search@0.25.6: core ^0.25
        search@1.0.0: core ^1
        search@1.0.3: core ^1
        search@1.1.0-beta.1: core ^1
        search@2.0.0: core ^1
        search@3.0.0: core ^1
        core@0.24.0
        core@0.25.9
        core@1.7.2
    ";
    insta::assert_snapshot!(check(library, &request("chat *, search ^0.25")), @r#"
        chat * and search ^0.25 cannot be installed together: no version of core suits both
          chat 1.7.2 needs core 1.7.2
          search 0.25.6 needs core ^0.25
        what would help:
          - ask for search 1.0.3 instead of ^0.25: both work, with core 1.7.2
          - leave out chat *: 1 of 2 works, with core 0.25.9
          - leave out search ^0.25: 1 of 2 works, with core 1.7.2
        "#);
}

#[test]
fn the_host_may_provide_another_version() {
    let library = "
        a@1.0.0: core ^1.2
        b@1.0.0: core ^1
        core@1.1.0
        core@1.2.0
        core@1.3.0
        core@2.0.0
    ";
    let asked = request("a *, b *").host(name("core"), parse_version("1.1.0").unwrap());
    insta::assert_snapshot!(check(library, &asked), @r#"
        a * cannot be installed with the core 1.1.0 that the host provides
          the host provides core 1.1.0
          a 1.0.0 needs core ^1.2
        what would help:
          - let the host provide core 1.3.0 instead of 1.1.0: both work
          - leave out a *: 1 of 2 works, with core 1.1.0
        "#);
}

#[test]
fn prereleases_may_be_allowed() {
    let library = "
        a@1.0.0-rc.1: core *
        core@2.0.0-rc.1
    ";
    insta::assert_snapshot!(check(library, &request("a *")), @r#"
        a * cannot be installed: only prereleases are in that range, and they must be asked for by name; the newest is 1.0.0-rc.1
        what would help:
          - allow prereleases
        "#);
}

#[test]
fn three_that_fit_in_pairs_only() {
    let library = "
        a@1.0.0: core 1 || 2
        b@1.0.0: core 2 || 3
        c@1.0.0: core 1 || 3
        core@1.0.0
        core@2.0.0
        core@3.0.0
    ";
    insta::assert_snapshot!(check(library, &request("a *, b *, c *")), @r#"
        a *, b * and c * cannot be installed together: no version of core suits all 3
          a 1.0.0 needs core 1 || 2
          b 1.0.0 needs core 2 || 3
          c 1.0.0 needs core 1 || 3
        what would help:
          - leave out a *: 2 of 3 work, with core 3.0.0
          - leave out b *: 2 of 3 work, with core 1.0.0
          - leave out c *: 2 of 3 work, with core 2.0.0
        "#);
}

#[test]
fn every_conflict_is_named_and_all_are_solved_at_once() {
    let library = "
        a@1.0.0: x 1
        b@1.0.0: x 2
        c@1.0.0: y 1
        d@1.0.0: y 2
        e@1.0.0: gone *
        f@1.0.0
        x@1.0.0
        x@2.0.0
        y@1.0.0
        y@2.0.0
    ";
    let universe = builder(library).build();
    let asked = request("a *, b *, c *, d *, e *, f *");
    insta::assert_snapshot!(advice(&universe, &asked), @r#"
        a * and b * cannot be installed together: no version of x suits both
          a 1.0.0 needs x 1
          b 1.0.0 needs x 2
        and 2 more conflicts, independent of this: c * and d *; e * by itself
        what would help:
          - leave out a *, d * and e *: 3 of 6 work, with x 2.0.0
          - leave out b *, d * and e *: 3 of 6 work, with x 1.0.0
        "#);
    let full = advised(&universe, &asked).unwrap().report(Detail::Full);
    let full: Vec<String> = full.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(full.join("\n"), @r#"
        a * and b * cannot be installed together: no version of x suits both
          a 1.0.0 needs x 1
          b 1.0.0 needs x 2
        independent of this, c * and d * cannot be installed together: no version of y suits both
          c 1.0.0 needs y 1
          d 1.0.0 needs y 2
        independent of this, e * cannot be installed
          e 1.0.0 needs gone *: no package of that name is known
        what would help:
          - leave out a *, d * and e *: 3 of 6 work, with x 2.0.0
          - leave out b *, d * and e *: 3 of 6 work, with x 1.0.0
        "#);
}

#[test]
fn a_dependent_with_many_ranges_is_told_in_one_line() {
    let mut library = String::from("core@1.0.0\n core@2.0.0\n b@1.0.0: core ^1\n");
    for minor in 0..30 {
        library.push_str(&format!("a@1.{minor}.0: core >=1.{minor}.1\n"));
    }
    insta::assert_snapshot!(check(&library, &request("a *, b *")), @r#"
        a * and b * cannot be installed together: no version of core suits both
          a 1.0.0 to 1.29.0 (30 versions) need core in 30 different ranges: 1.29.0 needs >=1.29.1, ..., 1.0.0 needs >=1.0.1
          b 1.0.0 needs core ^1
        what would help:
          - leave out a *: 1 of 2 works, with core 1.0.0
          - leave out b *: 1 of 2 works, with core 2.0.0
        "#);
    let universe = builder(&library).build();
    let full = advised(&universe, &request("a *, b *"))
        .unwrap()
        .report(Detail::Full);
    assert!(full.len() > 30);
}

#[test]
fn json_and_graphs() {
    let library = "
        app@1.0.0: mid ^1
        mid@1.0.0: core ^1
        mid@1.1.0: core ^1, gone *
        other@1.0.0: core ^2
        core@1.0.0
        core@2.0.0
    ";
    let asked = request("app *, other *");
    let explanation = advised(&builder(library).build(), &asked).unwrap();
    insta::assert_snapshot!(serde_json::to_string_pretty(&explanation).unwrap());
    insta::assert_snapshot!(format!(
        "{}\n{}",
        explanation.to_dot(),
        explanation.to_mermaid()
    ));
}

/// p0 needs p1 needs ... needs the first again in another version.
fn circle(length: usize) -> Universe {
    let mut builder = Universe::builder();
    let version = parse_version("1.0.0").unwrap();
    for at in 0..length {
        let (next, range) = match at + 1 {
            end if end == length => (0, "<1 || >1"),
            next => (next, "^1"),
        };
        let next = name(&format!("p{next}"));
        let facts = ReleaseFacts::new().needs(next, range.parse().unwrap(), DependencyKind::Normal);
        builder.release(name(&format!("p{at}")), version.clone(), facts);
    }
    builder.release(
        name("p0"),
        parse_version("2.0.0").unwrap(),
        ReleaseFacts::new(),
    );
    builder.release(name("other"), version, ReleaseFacts::new());
    builder.build()
}

#[test]
fn a_long_circle_is_told_in_every_form_on_a_small_stack() {
    let test = || {
        let universe = circle(10_000);
        let asked = request("other *, p0 ^1").budget(Budget::steps(10_000_000));
        let explanation = advised(&universe, &asked).unwrap();
        insta::assert_snapshot!(explanation.to_string(), @r#"
            p0 ^1 cannot be installed: no version of p0 suits all that is asked of it
              you ask for p0 ^1
              p9999 1.0.0, needed by p0 through 9998 others, needs p0 <1 || >1
              p0 1.0.0 needs p1 ^1
              p1 1.0.0, needed by p0, needs p2 ^1
              p2 1.0.0, needed by p0 through p1, needs p3 ^1
              p3 1.0.0, needed by p0 through 2 others, needs p4 ^1
              p4 1.0.0, needed by p0 through 3 others, needs p5 ^1
              and 9994 more requirements between them
            what would help:
              - ask for p0 2.0.0 instead of ^1: both work
              - leave out p0 ^1: 1 of 2 works
            "#);
        let full = explanation.report(Detail::Full);
        assert_eq!(full.len(), Explanation::MAX_FULL_LINES);
        assert_eq!(explanation.way_to(&name("p9999")).len(), 10_000);
        assert_eq!(explanation.to_dot().matches("->").count(), 10_001);
        assert_eq!(explanation.to_mermaid().matches("-->").count(), 10_001);
        assert!(serde_json::to_string(&explanation).unwrap().len() > 10_000);
    };
    let thread = std::thread::Builder::new().stack_size(512 * 1024);
    thread.spawn(test).unwrap().join().unwrap();
}

#[test]
fn what_strangers_write_stays_on_its_line() {
    let long = "long".repeat(500);
    let hostile = "next\u{1b}[31m\n\u{202e}`\"<b>|";
    let facts = ReleaseFacts::new()
        .needs(name("core"), "^1".parse().unwrap(), DependencyKind::Peer)
        .imports(name("core"), ".", [hostile, long.as_str()]);
    let mut builder = Universe::builder();
    let version = parse_version("1.0.0").unwrap();
    let core = ReleaseFacts::new().exports(".", Exports::names(["x"]));
    builder
        .release(name("a"), version.clone(), facts)
        .release(name("core"), version, core);
    let universe = builder.build();
    let explanation = advised(&universe, &request("a *")).unwrap();
    let texts = [
        explanation.to_string(),
        explanation.to_dot(),
        explanation.to_mermaid(),
    ];
    for text in texts {
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
    }
    for line in explanation.report(Detail::Full) {
        assert!(line.to_string().len() <= Line::MAX_BYTES && !line.to_string().contains('\n'));
        assert!(line.pieces().iter().all(|piece| !piece.text.is_empty()));
    }
    insta::assert_snapshot!(explanation.to_mermaid(), @r#"
        flowchart LR
          n0["the request"]
          n1["a"]
          n2["core"]:::disputed
          n0 -->|"*"| n1
          n1 -->|"1.0.0: ^1"| n2
          n1 -->|"1.0.0: #96;longlonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglong#8230;#96;, #96;next#92;u#123;1b#125;#91;31m#92;n#92;u#123;202e#125;#39;#34;#60;b#62;#124;#96;"| n2
          classDef disputed stroke:#cc3333,stroke-width:3px
        "#);
}

/// Every selection that meets everything but the requests.
fn consistent(world: &World) -> Vec<BTreeMap<usize, usize>> {
    world.answers(&[])
}

/// Whether some selection meets the requests as an alternative leaves them. Prereleases as npm's rule has them.
fn is_possible(world: &World, alternative: &Alternative) -> bool {
    let meets = |selection: &BTreeMap<usize, usize>, (package, range): (usize, usize)| {
        let concerns = |request: &plugin_resolver::ClashingRequest| {
            request.name.as_str() == NAMES[package] && request.spec == RANGES[range]
        };
        let selected = selection.get(&package);
        for change in &alternative.changes {
            match change {
                Change::LeaveOut { request } if concerns(request) => return true,
                Change::AskFor { request, version } if concerns(request) => {
                    return selected.is_some_and(|v| VERSIONS[*v] == version.to_string());
                }
                _ => {}
            }
        }
        let range: Range = RANGES[range].parse().unwrap();
        selected.is_some_and(|v| range.satisfies(&parse_version(VERSIONS[*v]).unwrap()))
    };
    consistent(world)
        .iter()
        .any(|selection| world.roots.iter().all(|root| meets(selection, *root)))
}

fn succeeds(universe: &Universe, asked: &Request) -> bool {
    resolve(universe, asked).is_ok_and(|resolution: Resolution| resolution.packages().len() > 0)
}

proptest! {
    #![proptest_config(config(2_000))]

    #[test]
    fn each_alternative_works_and_is_what_it_says(world in worlds()) {
        let universe = world.in_order();
        let asked = world.request(&world.roots);
        let Some(explanation) = advised(&universe, &asked) else {
            return Ok(());
        };
        let alternatives = explanation.alternatives();
        prop_assert!(alternatives.is_sorted_by_key(|one| one.cost));
        for one in alternatives {
            let changed = one.apply(&asked);
            let resolution = resolve(&universe, &changed);
            prop_assert!(resolution.is_ok(), "{one}");
            if !one.changes.contains(&Change::AllowPrereleases) {
                prop_assert!(is_possible(&world, one), "{one}");
            }
            prop_assert_eq!(one.of, world.roots.len());
            prop_assert_eq!(one.kept, changed.roots().len());
            prop_assert_eq!(one.cost.left_out, one.of - one.kept);
            prop_assert!(one.kept > 0);
            let resolution = resolution.unwrap();
            for settled in &one.settled {
                prop_assert_eq!(resolution.version(&settled.package), Some(&settled.version));
            }
            // No part of it is superfluous.
            for left_out in 0..one.changes.len() {
                let mut fewer = one.clone();
                fewer.changes.remove(left_out);
                prop_assert!(!succeeds(&universe, &fewer.apply(&asked)), "{one}: not {left_out}");
            }
        }
    }

    #[test]
    fn what_one_change_can_do_is_offered(world in worlds()) {
        let universe = world.in_order();
        let asked = world.request(&world.roots);
        let Some(explanation) = advised(&universe, &asked) else {
            return Ok(());
        };
        let single = |change: &Change| {
            explanation.alternatives().iter().any(|one| one.changes == [change.clone()])
        };
        for request in explanation.removals() {
            let is_offered = single(&Change::LeaveOut { request: request.clone() });
            prop_assert_eq!(is_offered, world.roots.len() > 1);
        }
        // If any other version of one request is enough, one is offered, and nothing dearer comes before.
        let moved = |at: usize, version: &str| {
            let mut roots: Vec<_> = asked.roots().map(|(n, s)| (n.clone(), s.clone())).collect();
            roots[at].1 = version.parse().unwrap();
            roots.into_iter().fold(Request::new(), |r, (n, s)| r.root(n, s))
        };
        let is_enough = (0..world.roots.len())
            .any(|at| VERSIONS.iter().any(|version| succeeds(&universe, &moved(at, version))));
        let first = explanation.alternatives().first();
        let is_first = first.is_some_and(|one| matches!(one.changes.as_slice(), [Change::AskFor { .. }]));
        prop_assert_eq!(is_enough, is_first);
        // If anything at all can be met, something is offered.
        let is_any = world.roots.iter().any(|root| {
            !world.answers(&[*root]).is_empty()
                || VERSIONS.iter().any(|version| {
                    succeeds(&universe, &Request::new().root(name(NAMES[root.0]), version.parse().unwrap()))
                })
        });
        let everywhere = asked.clone().prereleases(Prereleases::Everywhere);
        prop_assert_eq!(is_any || succeeds(&universe, &everywhere), first.is_some());
    }

    #[test]
    fn other_conflicts_are_apart_and_complete(world in worlds()) {
        let universe = world.in_order();
        let asked = world.request(&world.roots);
        let Some(explanation) = advised(&universe, &asked) else {
            return Ok(());
        };
        let mut rest = world.roots.clone();
        for conflict in std::iter::once(&explanation).chain(explanation.others()) {
            let (core, others): (Vec<_>, Vec<_>) = rest.iter().partition(|(package, range)| {
                conflict.requests().iter().any(|r| r.name.as_str() == NAMES[*package] && r.spec == RANGES[*range])
            });
            prop_assert_eq!(core.len(), conflict.requests().len());
            prop_assert!(world.answers(&core).is_empty());
            for left_out in 0..core.len() {
                let mut fewer = core.clone();
                fewer.remove(left_out);
                prop_assert!(!world.answers(&fewer).is_empty());
            }
            rest = others;
        }
        prop_assert!(!world.answers(&rest).is_empty());
        for conflict in explanation.overlapping() {
            let is_of = |root: &&(usize, usize)| {
                conflict.requests().iter().any(|r| r.name.as_str() == NAMES[root.0] && r.spec == RANGES[root.1])
            };
            let core: Vec<_> = world.roots.iter().filter(is_of).copied().collect();
            prop_assert!(world.answers(&core).is_empty());
            prop_assert!(!explanation.others().contains(conflict) && conflict.requests() != explanation.requests());
        }
    }

    #[test]
    fn advice_is_the_same_in_any_order_of_insertion(
        world in worlds(),
        shuffle in prop::collection::vec(any::<Index>(), 16),
    ) {
        let asked = world.request(&world.roots);
        let one = advised(&world.in_order(), &asked);
        let other = advised(&world.shuffled(&shuffle), &asked);
        prop_assert_eq!(serde_json::to_string(&one).unwrap(), serde_json::to_string(&other).unwrap());
        if let Some(explanation) = one {
            let lines = explanation.lines();
            prop_assert!(lines.len() <= Explanation::MAX_LINES);
            prop_assert!(lines.join("\n").len() <= Explanation::MAX_BYTES);
        }
    }
}

#[test]
fn against_a_cooldown_it_helps_to_exempt_or_to_wait() {
    let published = |at: u32| -> chrono::DateTime<chrono::Utc> {
        format!("2026-11-{at:02}T12:00:00Z").parse().unwrap()
    };
    let mut library = Universe::builder();
    for (package, version, need, at) in [
        ("core", "1.0.0", None, Some(1)),
        ("core", "1.1.0", None, Some(10)),
        ("core", "1.2.0", None, Some(20)),
        ("chat", "1.0.0", Some("^1.1.0"), Some(12)),
        ("chat", "1.1.0", Some("^1.1.0"), Some(21)),
        ("undated", "1.0.0", None, None),
    ] {
        let mut facts = ReleaseFacts::new();
        if let Some(need) = need {
            facts = facts.needs(name("core"), need.parse().unwrap(), DependencyKind::Peer);
        }
        if let Some(at) = at {
            facts = facts.published_at(published(at));
        }
        library.release(name(package), parse_version(version).unwrap(), facts);
    }
    let universe = library.build();
    let ask = |asked: &str, cooldown: Cooldown| {
        let asked = request(asked).cooldown(cooldown);
        let Err(Failure::Conflict(why)) = resolve(&universe, &asked) else {
            panic!("{asked:?} can be met");
        };
        let why = why.advised(&universe, &asked);
        for alternative in why.alternatives() {
            assert!(
                resolve(&universe, &alternative.apply(&asked)).is_ok(),
                "{alternative}"
            );
        }
        why
    };
    let until = |at: u32| Cooldown::published_until(published(at));
    let mut told: Vec<String> = [
        ("chat ^1", until(9)),
        ("chat ^1", until(11)),
        ("chat 1.1.0", until(20)),
        ("undated *", until(20).undated(Undated::Refuse)),
    ]
    .into_iter()
    .map(|(asked, cooldown)| ask(asked, cooldown).to_string())
    .collect();
    told.push(serde_json::to_string(ask("chat ^1", until(11)).alternatives()).unwrap());
    insta::assert_snapshot!("cooldown", told.join("\n"));
}
