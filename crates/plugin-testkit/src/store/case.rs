//! The table of cases, and how one is run.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use crate::store::Subject;
use crate::store::cases;
use crate::store::kit::Kit;

/// One clause of the contract.
#[derive(Clone, Copy)]
pub struct Case {
    /// The part of the contract.
    pub group: &'static str,
    /// What holds.
    pub name: &'static str,
    check: fn(Kit) -> Pin<Box<dyn Future<Output = ()>>>,
}

impl Case {
    /// Runs it on a fresh store.
    ///
    /// # Panics
    /// If the store does not keep the clause.
    pub fn run(&self, subject: Subject) {
        futures::executor::block_on((self.check)(Kit::new(subject)));
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}::{}", self.group, self.name)
    }
}

/// Runs a case by its name; what [`store_suite!`](crate::store_suite) expands to.
///
/// # Panics
/// If the store does not keep the clause, or there is no such case.
pub fn run_case(group: &str, name: &str, fresh: impl FnOnce() -> Subject) {
    let case = CASES
        .iter()
        .find(|case| case.group == group && case.name == name);
    case.expect("the list and the table are one").run(fresh());
}

macro_rules! table {
    ($($group:ident { $($name:ident)* })*) => {
        /// Every clause of the contract.
        pub const CASES: &[Case] = &[$($(Case {
            group: stringify!($group),
            name: stringify!($name),
            check: |kit| Box::pin(async move { cases::$group::$name(&kit).await }),
        },)*)*];
    };
}

__store_cases!(table);
