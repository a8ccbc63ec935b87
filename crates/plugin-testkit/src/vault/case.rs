//! The one list of cases, and the macro that makes tests of it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use plugin_runtime_api::Vault;

use super::cases;

/// Gives every case to the macro named.
#[doc(hidden)]
#[macro_export]
macro_rules! __vault_cases {
    ($($to:ident)::+) => {
        $($to)::+! {
            what_is_put_is_given_out
            what_was_not_put_is_not_found
            the_last_put_counts
            any_text_comes_back_as_it_was
            a_secret_is_one_instance_s_own
            names_are_compared_exactly
            names_are_listed_in_order
            a_rotation_changes_nothing_that_is_given_out
            an_organisation_without_secrets_can_be_rotated
            what_is_forgotten_is_gone_and_may_come_again
            only_that_secret_is_forgotten
            what_is_forgotten_stays_so_when_keys_change
            what_is_destroyed_is_gone
            only_that_instance_is_destroyed
            what_comes_after_the_end_is_refused
            destroying_again_is_well
            many_at_once_each_keep_their_own
            it_can_be_printed_without_a_secret
            errors_say_nothing_of_secrets
        }
    };
}

type Check = fn(Arc<dyn Vault>) -> Pin<Box<dyn Future<Output = ()>>>;

/// One clause of the contract.
#[derive(Clone, Copy)]
pub struct Case {
    /// What holds.
    pub name: &'static str,
    check: Check,
}

impl Case {
    /// Runs it on an empty vault.
    ///
    /// # Panics
    /// If the vault does not keep the clause.
    pub fn run(&self, vault: Arc<dyn Vault>) {
        futures::executor::block_on((self.check)(vault));
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// Runs a case by its name; what [`vault_suite!`](crate::vault_suite) expands to.
///
/// # Panics
/// If the vault does not keep the clause, or there is no such case.
pub fn run_case(name: &str, vault: Arc<dyn Vault>) {
    let case = CASES.iter().find(|case| case.name == name);
    case.expect("the list and the table are one").run(vault);
}

macro_rules! table {
    ($($name:ident)*) => {
        /// Every clause of the contract.
        pub const CASES: &[Case] = &[$(Case {
            name: stringify!($name),
            check: |vault| Box::pin(async move { cases::$name(&*vault).await }),
        },)*];
    };
}

__vault_cases!(table);

/// Makes a test of every clause of the contract of [`Vault`](plugin_runtime_api::Vault); the argument
/// makes an empty vault. Use it once in a module.
///
/// ```
/// mod memory {
///     use std::sync::Arc;
///
///     use plugin_runtime_api::MemoryVault;
///
///     plugin_testkit::vault_suite!(|| Arc::new(MemoryVault::new()));
/// }
/// ```
#[macro_export]
macro_rules! vault_suite {
    ($empty:expr) => {
        fn run_case(name: &str) {
            let empty = $empty;
            $crate::vault::run_case(name, empty());
        }

        $crate::__vault_cases!($crate::__vault_tests);
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __vault_tests {
    ($($name:ident)*) => {$(
        #[test]
        fn $name() {
            run_case(stringify!($name));
        }
    )*};
}
