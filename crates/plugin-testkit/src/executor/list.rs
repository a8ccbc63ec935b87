//! The one list of cases, and the macro that makes tests of it.

/// Gives every case to the macro named.
#[doc(hidden)]
#[macro_export]
macro_rules! __executor_cases {
    ($($to:ident)::+) => {
        $($to)::+! {
            start {
                the_plugins_are_described
                the_same_spec_and_fence_give_the_same_runtime
                two_starts_at_once_give_one_runtime
                the_same_fence_with_another_spec_is_refused
                a_failed_start_leaves_nothing
                after_a_failed_start_it_can_be_started
                a_higher_fence_replaces_what_runs
                another_engine_is_refused
                no_plugins_are_refused
                what_is_enforced_is_named
            }
            fence {
                a_lower_fence_is_refused_by_all
                a_higher_fence_has_to_start_first
                a_stop_counts_as_seen_also_where_nothing_runs
                a_failed_start_counts_as_seen
                who_is_refused_disturbs_nobody
            }
            invoke {
                an_action_gives_its_result_and_what_it_said
                a_provider_gives_text_and_values
                json_comes_back_as_it_was
                what_a_plugin_throws_is_a_failure
                validate_is_asked_first
                an_unknown_name_lists_those_there_are
                names_are_compared_exactly
                the_kind_counts
                another_instance_has_nothing
                nothing_runs_before_the_start
                many_at_once_each_get_their_own
                a_timeout_is_answered
                the_limit_of_the_runtime_bounds_a_call
                an_output_too_large_is_a_failure
                usage_is_counted
            }
            host {
                what_is_set_is_got
                the_context_is_what_the_executor_knows
                two_runtimes_are_told_apart
                a_refusal_reaches_the_plugin
                calls_are_bounded
            }
            once {
                a_known_key_does_not_run_again
                two_calls_at_once_with_one_key_run_once
                another_key_runs_again
                a_failure_is_remembered_too
                an_outcome_is_known_by_its_key
                an_unknown_key_has_no_outcome
                what_is_under_way_has_no_outcome_yet
                what_never_ran_may_be_asked_again
                an_outcome_survives_its_runtime
            }
            cancel {
                a_cancelled_execution_ends
                others_go_on
                what_is_not_under_way_is_none_to_cancel
                where_nothing_runs_nothing_is_cancelled
            }
            stop {
                after_a_stop_nothing_runs
                stopping_what_does_not_run_is_fine
                executions_may_end_within_the_grace
                what_outlasts_the_grace_is_ended
                it_can_be_started_again
                one_stop_does_not_touch_another_runtime
            }
            status {
                what_was_never_started_is_stopped
                what_is_under_way_is_counted
            }
            logs {
                lines_are_heard_and_end_with_the_runtime
                who_listens_early_hears_too
            }
        }
    };
}

/// Makes a test of every clause of the contract of [`Executor`](plugin_runtime_api::Executor); the
/// argument makes an `Option` of a fresh [`Fixture`](crate::executor::Fixture). Whoever makes none
/// says so loudly. Use it once in a module.
///
/// ```
/// mod native {
///     use plugin_testkit::executor::NativeFixture;
///
///     plugin_testkit::executor_suite!(|| Some(NativeFixture::new()));
/// }
/// ```
#[macro_export]
macro_rules! executor_suite {
    ($fresh:expr) => {
        fn run_case(group: &str, name: &str) {
            let fresh = $fresh;
            $crate::executor::run_case(group, name, fresh());
        }

        $crate::__executor_cases!($crate::__executor_tests);
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __executor_tests {
    ($($group:ident { $($name:ident)* })*) => {$(
        mod $group {
            $(
                #[test]
                fn $name() {
                    super::run_case(stringify!($group), stringify!($name));
                }
            )*
        }
    )*};
}
