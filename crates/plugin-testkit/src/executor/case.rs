//! The table of cases, and how one is run.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use crate::__executor_cases;
use crate::executor::kit::Kit;
use crate::executor::{Fixture, cases};

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
    /// Runs it on a fresh executor.
    ///
    /// # Panics
    /// If the executor does not keep the clause.
    pub fn run(&self, fixture: Box<dyn Fixture>) {
        futures::executor::block_on((self.check)(Kit::new(fixture)));
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}::{}", self.group, self.name)
    }
}

/// Runs a case by its name; what [`executor_suite!`](crate::executor_suite) expands to. Without a
/// fixture, which its maker has said loudly, there is nothing to run.
///
/// # Panics
/// If the executor does not keep the clause, or there is no such case.
pub fn run_case<F: Fixture + 'static>(group: &str, name: &str, fixture: Option<F>) {
    let case = CASES
        .iter()
        .find(|case| case.group == group && case.name == name);
    let case = case.expect("the list and the table are one");
    if let Some(fixture) = fixture {
        case.run(Box::new(fixture));
    }
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

__executor_cases!(table);
