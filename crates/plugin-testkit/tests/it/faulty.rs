//! The suite notices each fault.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;
use std::time::Duration;

use plugin_testkit::store::{CASES, Case, Fault, FaultyStore, Subject, differential, isolation};

/// What is caught here is expected, so it is not printed.
fn quietly() {
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        let loud = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let thread = std::thread::current();
            let ours = thread.name().is_some_and(|name| {
                name.starts_with("faulty::notices") || name.starts_with("faulty::leaks")
            });
            if !ours && thread.name().is_some() {
                loud(info);
            }
        }));
    });
}

/// The first case that a store with this fault fails.
fn failed(fault: Fault) -> Option<&'static Case> {
    CASES.iter().find(|case| {
        let subject = Subject::new(FaultyStore::new(fault)).patience(Duration::from_millis(200));
        catch_unwind(AssertUnwindSafe(|| case.run(subject))).is_err()
    })
}

#[test]
fn the_control_passes() {
    for case in CASES {
        case.run(Subject::new(FaultyStore::new(Fault::None)));
    }
    differential::run(|| Subject::new(FaultyStore::new(Fault::None)));
}

#[test]
fn notices_each_fault() {
    quietly();
    let mut unnoticed = Vec::new();
    for fault in Fault::ALL {
        match failed(*fault) {
            Some(case) => eprintln!("{fault:?} fails {case:?}"),
            None => unnoticed.push(fault),
        }
    }
    assert!(
        unnoticed.is_empty(),
        "the suite does not notice {unnoticed:?}"
    );
}

/// What one organisation reads tells of the other, and random histories show it.
#[test]
fn leaks_are_found_by_histories() {
    quietly();
    let leaks = [
        Fault::SharesBudgets,
        Fault::SharesChains,
        Fault::ReplaysOfOtherPlaces,
        Fault::ConnectsAcrossGroups,
        Fault::PublishesThings,
        Fault::OverwritesOtherPlaces,
        Fault::OverwritesOtherConnections,
        Fault::FindsRowsOfOtherPlaces,
        Fault::FindsConnectionsOfOtherPlaces,
        Fault::LooksForAbsenceEverywhere,
        Fault::DropsScopeOfThing,
        Fault::DropsScopeOfThings,
        Fault::DropsScopeOfPackages,
        Fault::DropsScopeOfUrls,
        Fault::DropsScopeOfNames,
        Fault::DropsScopeOfTypes,
        Fault::DropsScopeOfConnections,
        Fault::DropsScopeOfEnds,
        Fault::DropsScopeOfTargets,
        Fault::DropsScopeOfEvents,
        Fault::DropsScopeOfEventTypes,
        Fault::DropsScopeOfHead,
        Fault::DropsScopeOfKnowledge,
        Fault::DropsScopeOfKnowledgeById,
        Fault::DropsScopeOfLabels,
        Fault::DropsScopeOfSources,
        Fault::DropsScopeOfPeople,
        Fault::DropsScopeOfPerson,
        Fault::DropsScopeOfMembership,
        Fault::DropsScopeOfSearch,
        Fault::DropsScopeOfVectors,
        Fault::DropsScopeOfThingSearch,
        Fault::CountsAllPlaces,
        Fault::DropsScopeOfBudget,
        Fault::DropsScopeOfWatch,
    ];
    let unnoticed: Vec<_> = leaks
        .into_iter()
        .filter(|fault| {
            let fresh =
                || Subject::new(FaultyStore::new(*fault)).patience(Duration::from_millis(200));
            (0..1000).all(|seed| {
                let compare = || isolation::history(seed, &fresh);
                catch_unwind(AssertUnwindSafe(compare)).is_ok()
            })
        })
        .collect();
    // Said before the panic, which this thread keeps to itself.
    eprintln!("not found by histories: {unnoticed:?}");
    assert!(unnoticed.is_empty());
}
