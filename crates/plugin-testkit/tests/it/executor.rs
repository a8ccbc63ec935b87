//! The executor suite, tried on the executors of plugin-runtime-api and on wrong ones.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use plugin_testkit::executor::{CASES, Fault, FaultyExecutor};

mod native {
    use plugin_testkit::executor::NativeFixture;

    plugin_testkit::executor_suite!(|| Some(NativeFixture::new()));
}

mod scripted {
    use plugin_testkit::executor::ScriptedFixture;

    plugin_testkit::executor_suite!(|| Some(ScriptedFixture::new()));
}

/// A router in front of another executor keeps the contract as if it were one.
mod routed {
    use std::sync::Arc;

    use plugin_runtime_api::{Artifact, Engine, EngineRouter, Executor};
    use plugin_testkit::executor::{Fixture, NativeFixture, ScriptedFixture};

    struct Routed(NativeFixture, Arc<dyn Executor>);

    impl Fixture for Routed {
        fn executor(&self) -> Arc<dyn Executor> {
            Arc::clone(&self.1)
        }

        fn engine(&self) -> Engine {
            self.0.engine()
        }

        fn artifact(&self) -> Artifact {
            self.0.artifact()
        }
    }

    plugin_testkit::executor_suite!(|| {
        let native = NativeFixture::new();
        let router = EngineRouter::new([ScriptedFixture::new().executor(), native.executor()]);
        Some(Routed(native, Arc::new(router)))
    });
}

/// The clauses that a fault breaks, by name.
fn broken(fault: Fault, names: &[&str]) -> BTreeSet<String> {
    let cases = CASES.iter().filter(|case| names.contains(&case.name));
    let failed = cases.filter(|case| {
        let fixture = Box::new(FaultyExecutor::fixture(fault));
        catch_unwind(AssertUnwindSafe(|| case.run(fixture))).is_err()
    });
    failed.map(|case| case.name.to_owned()).collect()
}

/// The clauses that each fault is found by.
const fn found_by(fault: Fault) -> &'static [&'static str] {
    match fault {
        Fault::StartsForAnyone | Fault::InvokesForAnyone | Fault::StopsForAnyone => {
            &["a_lower_fence_is_refused_by_all"]
        }
        Fault::RunsTwice => &[
            "a_known_key_does_not_run_again",
            "two_calls_at_once_with_one_key_run_once",
            "an_outcome_survives_its_runtime",
        ],
        Fault::ForgetsOutcomes => &[
            "an_outcome_is_known_by_its_key",
            "a_failure_is_remembered_too",
        ],
        Fault::IgnoresCancel => &["a_cancelled_execution_ends", "others_go_on"],
        Fault::IgnoresStop => &[
            "after_a_stop_nothing_runs",
            "what_outlasts_the_grace_is_ended",
        ],
        Fault::StopsAtOnce => &["executions_may_end_within_the_grace"],
        Fault::NeverTimesOut => &[
            "a_timeout_is_answered",
            "the_limit_of_the_runtime_bounds_a_call",
        ],
        Fault::HidesComponents => &["an_unknown_name_lists_those_there_are"],
        Fault::DropsCase => &["names_are_compared_exactly"],
        Fault::MixesOrganisations => &[
            "the_context_is_what_the_executor_knows",
            "two_runtimes_are_told_apart",
        ],
        Fault::UnboundedHostCalls => &["calls_are_bounded"],
        Fault::LosesLogs => &["lines_are_heard_and_end_with_the_runtime"],
        Fault::ClaimsEveryEngine => &["another_engine_is_refused"],
    }
}

#[test]
fn every_wrong_executor_fails_where_it_is_wrong() {
    std::thread::scope(|scope| {
        for fault in Fault::ALL {
            scope.spawn(move || {
                let names = found_by(*fault);
                let expected: BTreeSet<_> = names.iter().map(ToString::to_string).collect();
                assert_eq!(broken(*fault, names), expected, "{fault:?}");
            });
        }
    });
}

#[test]
fn every_clause_has_a_name_of_its_own() {
    let names: BTreeSet<_> = CASES.iter().map(|case| case.name).collect();
    assert_eq!(names.len(), CASES.len());
}
