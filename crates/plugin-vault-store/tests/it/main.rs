//! The vault over a store.
#![expect(clippy::unwrap_used, reason = "a failing test may panic")]

mod crashes;
mod keys;
mod rig;
mod sealed;

mod conformance {
    use crate::rig::Rig;

    plugin_testkit::vault_suite!(|| std::sync::Arc::new(Rig::new().vault()));
}
