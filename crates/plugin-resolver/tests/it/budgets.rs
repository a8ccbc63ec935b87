//! What an answer costs: steps, the same on every machine.

use std::fmt::Write as _;

use plugin_resolver::{Budget, Failure, Request, Search, Universe, resolve};

use crate::support::{builder, request};

/// The fewest steps with which the complete search comes to its answer.
fn fewest(universe: &Universe, asked: &Request) -> u64 {
    let is_enough = |steps: u64| {
        let asked = asked.clone().search(Search::Complete);
        let answer = resolve(universe, &asked.budget(Budget::steps(steps)));
        !matches!(answer, Err(Failure::Budget { .. }))
    };
    let mut enough = 1;
    while !is_enough(enough) {
        enough *= 2;
    }
    let (mut too_few, mut enough) = (enough / 2, enough);
    while too_few + 1 < enough {
        let middle = too_few.midpoint(enough);
        match is_enough(middle) {
            true => enough = middle,
            false => too_few = middle,
        }
    }
    enough
}

/// Packages that each need the core, which has so many versions: every other one of the packages all but some of the newest and oldest of
/// them, the others the half below.
fn wide(versions: usize, packages: usize) -> (Universe, Request) {
    let mut text = String::new();
    for version in 0..versions {
        writeln!(text, "core@1.{version}.0").unwrap();
    }
    let mut asked = Vec::new();
    for package in 0..packages {
        let limit = match package % 2 {
            0 => versions - package,
            _ => versions / 2,
        };
        let least = package;
        writeln!(text, "p{package}@1.0.0: core >=1.{least} <1.{limit}").unwrap();
        asked.push(format!("p{package} *"));
    }
    (builder(&text).build(), request(&asked.join(", ")))
}

/// A change of these numbers is a change of what a budget means: on purpose, or a search that got worse.
#[test]
fn a_decision_costs_a_step_and_wide_sets_cost_more() {
    let small = |universe: &str, asked: &str| fewest(&builder(universe).build(), &request(asked));
    let of_wide = |versions, packages| {
        let (universe, asked) = wide(versions, packages);
        fewest(&universe, &asked)
    };
    let way_back = "
        a@1.0.0
        a@2.0.0: c 1.0.0
        b@1.0.0
        b@2.0.0: c 2.0.0
        c@1.0.0
        c@2.0.0
    ";
    let costs = [
        small("a@1.0.0", "a *"),
        small("a@1.0.0: b *\nb@1.0.0", "a *"),
        small(way_back, "a *, b *"),
        of_wide(60, 20),
        of_wide(600, 20),
        of_wide(6_000, 20),
    ];
    assert_eq!(costs, [3, 4, 7, 25, 29, 39]);
}
