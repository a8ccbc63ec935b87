//! The suite notices each fault.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;
use std::time::Duration;

use plugin_testkit::store::{CASES, Case, Fault, FaultyStore, Subject, differential};

/// What is caught here is expected, so it is not printed.
fn quietly() {
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        let loud = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let thread = std::thread::current();
            let ours = thread
                .name()
                .is_some_and(|name| name.starts_with("faulty::notices"));
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
