//! How many worlds a law is tried on, and which.

use proptest::prelude::ProptestConfig;
use proptest::test_runner::{FileFailurePersistence, RngSeed};

/// `cases` worlds, or as many as `PROPTEST_CASES` says.
///
/// They are always the same, so that a run is red for everyone or for no one; `PROPTEST_RNG_SEED=<number>` looks at others. One that
/// breaks a law is written to `tests/proptest-regressions`, and from then on tried first.
pub(crate) fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases: variable("PROPTEST_CASES").unwrap_or(cases),
        rng_seed: RngSeed::Fixed(seed()),
        failure_persistence: Some(Box::new(FileFailurePersistence::SourceParallel(
            "proptest-regressions",
        ))),
        ..ProptestConfig::default()
    }
}

pub(crate) fn seed() -> u64 {
    variable("PROPTEST_RNG_SEED").unwrap_or(1)
}

fn variable<T: std::str::FromStr>(name: &str) -> Option<T> {
    let text = std::env::var(name).ok()?;
    let number = text.parse().ok();
    assert!(number.is_some(), "{name} is a number, not `{text}`");
    number
}
