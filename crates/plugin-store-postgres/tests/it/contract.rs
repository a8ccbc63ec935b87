//! The contract, as a role that row-level security binds.

use plugin_testkit::store::{Subject, differential, isolation as histories, run_case};

use crate::help::{Homes, home};
use crate::server;

fn fresh() -> Subject {
    let home = home("the contract").expect("it was looked for");
    Subject::new(home.open_for_contract()).keeping(home)
}

macro_rules! tests {
    ($($group:ident { $($name:ident)* })*) => {$(
        mod $group {
            $(
                #[test]
                fn $name() {
                    let what = concat!(stringify!($group), "::", stringify!($name));
                    if crate::server::address(what).is_some() {
                        super::run_case(stringify!($group), stringify!($name), super::fresh);
                    }
                }
            )*
        }
    )*};
}

plugin_testkit::__store_cases!(tests);

#[test]
fn does_what_the_memory_store_does() {
    if server::address("does_what_the_memory_store_does").is_some() {
        differential::run(fresh);
    }
}

/// How many histories a normal run compares: each takes four stores, of which one takes a while.
const HISTORIES: usize = 20;

#[test]
fn tells_nothing_of_other_places() {
    if let Some(homes) = Homes::of("tells_nothing_of_other_places") {
        histories::run_some(HISTORIES, || {
            let home = homes.take();
            Subject::new(home.open_for_contract()).keeping(home)
        });
    }
}
