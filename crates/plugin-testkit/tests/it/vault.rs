//! The suite of vaults: kept by the vault in memory, and by none that is wrong.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use plugin_runtime_api::MemoryVault;
use plugin_testkit::vault::{CASES, Fault, FaultyVault};

mod memory {
    use super::{Arc, MemoryVault};

    plugin_testkit::vault_suite!(|| Arc::new(MemoryVault::new()));
}

#[test]
fn each_vault_that_is_wrong_fails() {
    for fault in Fault::ALL {
        let fails = CASES.iter().any(|case| {
            let vault = Arc::new(FaultyVault::new(*fault));
            catch_unwind(AssertUnwindSafe(|| case.run(vault))).is_err()
        });
        assert!(fails, "{fault:?}");
    }
}
