//! The one list of cases, and the macro that makes tests of it.

/// Gives every case to the macro named.
#[doc(hidden)]
#[macro_export]
macro_rules! __store_cases {
    ($($to:tt)+) => {
        $($to)+! {
            commit {
                a_row_is_there_when_the_commit_has_returned
                every_kind_of_row_comes_back_as_it_was
                properties_come_back_as_they_were
                vectors_come_back_bit_for_bit
                moments_keep_their_microseconds
                a_large_change_set_is_done_whole
                too_many_parts_are_refused
                the_receipt_says_where_and_which_events
                what_is_invalid_changes_nothing
                what_is_there_already_changes_nothing
                what_is_stale_changes_nothing
                what_is_not_found_changes_nothing
                one_id_in_two_places_is_two_rows
                nothing_is_there_at_first
                a_change_set_of_every_part_is_done_whole
                one_id_in_two_places_is_two_of_every_row
            }
            value {
                knowledge_keeps_all_that_it_can_have
                groups_keep_all_that_they_can_have
                people_keep_an_address_or_none
                connections_keep_what_is_said_of_them
                names_are_kept_byte_for_byte
                the_longest_texts_are_kept
                the_largest_properties_are_kept
                the_longest_vector_is_kept
                moments_at_the_ends_of_time_are_kept
                a_clock_that_jumps_spoils_nothing
                ids_of_any_bits_are_ids
                rows_of_one_id_and_two_kinds_are_two_rows
                a_property_set_to_null_is_there
            }
            row {
                an_inserted_row_has_the_first_revision
                replacing_raises_the_revision_and_stamps_the_time
                a_row_written_since_is_stale
                archiving_what_was_written_since_is_stale
                what_is_not_there_is_not_replaced
                an_archived_thing_is_kept_and_not_listed
                a_type_is_never_changed
                a_replaced_thing_is_found_by_what_it_is_now
                people_are_not_archived
                an_archived_membership_has_ended
                a_group_is_replaced_and_archived
                a_row_made_here_can_be_replaced_here
                the_id_of_the_archived_is_not_free
                the_archived_can_come_back
                one_row_may_be_written_several_times_at_once
                a_row_replaced_by_itself_is_written
            }
            insist {
                a_row_as_it_was_read_lets_it_pass
                a_row_written_since_stops_it
                a_row_that_is_not_there_stops_it
                absence_lets_it_pass
                presence_stops_what_insists_on_absence
                each_absence_is_looked_for
                absence_is_looked_for_before_anything_is_written
                the_archived_is_absent
                what_is_elsewhere_is_absent
                absence_does_not_depend_on_limit
            }
            once {
                the_second_time_gives_the_first_receipt
                the_second_time_nothing_is_written
                a_key_counts_in_its_place_only
                a_refused_change_leaves_its_key_free
                keys_that_differ_are_two_requests
                the_receipt_keeps_what_budgets_had_used
                a_replay_does_not_look_at_what_is_asked
                a_replay_is_answered_in_an_archived_group
                each_key_keeps_its_own_receipt
            }
            place {
                a_group_that_is_not_there_cannot_be_written
                a_group_is_made_in_its_own_place
                the_shared_registry_needs_no_making
                in_an_archived_group_nobody_writes_but_the_platform
                a_scope_that_may_only_read_does_not_write
                a_row_of_another_place_is_refused
            }
            isolation {
                a_thing_by_id
                things_in_lists
                connections
                events_and_heads
                knowledge
                people_and_memberships
                text_search
                vector_search
                the_ranking_of_a_search
                the_words_that_stand_for_a_typo
                budgets
                writes_to_others_rows
                a_history_next_door
                errors
                what_must_be_absent
                events_by_type_and_number
                writing_does_not_touch_others
            }
            connection {
                a_connection_comes_back_as_it_was
                both_ends_must_be_there
                an_end_may_be_made_in_the_same_change
                an_end_may_be_in_the_shared_registry
                an_end_in_another_group_is_not_found
                an_end_here_counts_before_one_in_the_shared_registry
                kinds_that_may_not_be_joined_are_refused
                a_connection_is_made_once
                what_has_ended_is_listed_only_if_asked_for
                ending_twice_ends_once
                each_filter_filters
                a_person_and_a_thing_of_one_id_are_two_ends
                connections_come_in_order_of_id
                the_archived_may_be_held_on_to
                one_may_be_made_and_ended_at_once
                one_id_in_two_places_is_two_connections
            }
            event {
                numbers_start_at_one_and_have_no_gaps
                events_of_one_change_keep_their_order
                an_event_comes_back_as_it_was
                events_are_found_by_target
                events_are_found_by_type
                events_are_found_after_a_number
                each_says_who_acted
            }
            chain {
                it_verifies_after_a_history
                its_head_is_the_last_receipt
                it_verifies_with_hostile_metadata
                a_refused_budget_is_not_in_it
            }
            prune {
                what_is_covered_is_gone_and_nothing_else
                other_places_stay_whole
                numbers_go_on
                receipts_and_rows_stay
                a_watch_that_was_behind_is_told
                a_watch_that_was_there_goes_on
                the_rest_verifies_from_the_checkpoint
                a_checkpoint_of_another_chain_prunes_nothing
                what_has_left_does_not_leave_again
                with_a_refused_change_nothing_leaves
            }
            thing {
                found_by_type
                found_by_more_types_than_fit_a_statement
                found_by_status
                found_by_exact_name
                found_by_npm_package_and_registry_url
                found_by_any_property
                equal_properties_are_of_one_type
                ordered_by_the_bytes_of_their_names
                ordered_by_id_where_names_are_equal
            }
            query {
                texts_that_no_row_can_have_find_nothing
                names_of_properties_are_no_paths
                nested_properties_are_compared_whole
                filters_of_things_hold_together
                filters_of_events_hold_together
                without_a_status_only_the_archived_is_left_out
                ids_that_no_row_has_find_nothing
                more_labels_than_a_row_can_have_list_nothing
                an_answer_may_be_as_long_as_the_limit
            }
            page {
                pages_of_things
                pages_of_connections
                pages_of_events
                pages_of_knowledge
                pages_of_people
                a_cursor_survives_what_is_written_meanwhile
                the_cursor_of_another_query_is_refused
                what_is_no_cursor_is_refused
                made_up_positions_are_refused_by_each_list
                the_cursor_of_another_place_shows_nothing_of_it
                a_page_goes_on_when_its_last_row_has_gone
                the_limit_may_change_from_page_to_page
                pages_of_what_is_filtered
                newer_knowledge_does_not_move_older_pages
            }
            knowledge {
                the_newest_comes_first
                found_by_type
                found_by_source
                found_by_all_labels
                labels_are_found_as_they_are_now
                the_archived_is_kept_and_never_listed
                what_comes_back_from_the_archive_is_listed_again
                a_replaced_vector_is_the_new_one
            }
            people {
                listed_by_the_bytes_of_their_names
                listed_by_what_they_are_called_now
                members_without_a_record_are_not_listed
            }
            search {
                ranked_as_the_rule_ranks_every_row
                words_are_found_in_any_case
                things_are_found_by_name_description_and_keywords
                the_archived_is_not_found
                what_was_replaced_is_found_by_its_new_words
                without_words_or_vector_nothing_is_found
                words_are_words_and_no_language
                vectors_are_found_by_closeness
                vectors_of_another_model_or_length_are_not_compared
                an_answer_stops_at_its_limit
                more_labels_than_a_row_can_have_find_nothing
                filters_come_before_scores_and_limits
                what_is_not_meant_is_not_counted
                equal_hits_come_in_one_order
            }
            typo {
                a_mistyped_word_is_found
                an_unfinished_word_is_found
                a_word_that_is_there_stands_for_no_other
                only_the_closest_words_count
                at_most_eight_words_stand_for_one
                numbers_are_meant_as_they_stand
                what_is_close_weighs_half
                only_words_of_rows_that_are_meant_count
                words_that_have_gone_do_not_count
            }
            vector {
                the_nearest_are_exact
                both_lists_end_at_one_depth
                vectors_of_zeros_are_at_zero
                the_largest_and_the_smallest_are_compared
                a_row_is_near_by_the_vector_that_it_has_now
                a_row_is_near_while_it_is_meant
                what_was_committed_is_found_at_once
            }
            watch {
                earlier_events_come_first
                events_come_after_the_number_given
                the_events_are_the_listed_ones
                a_later_event_wakes_the_watcher
                each_watcher_gets_every_event
                only_events_of_the_place_come
                a_place_can_be_watched_before_it_is_made
                a_long_history_comes_whole
                a_watch_goes_on_where_another_ended
                a_slow_watcher_loses_nothing
                a_watch_from_a_later_number_waits_for_it
                what_is_refused_or_replayed_is_not_watched
                a_dropped_watcher_disturbs_nobody
                what_an_event_tells_of_is_there
                many_writers_are_watched_in_one_order
                all_who_wait_are_woken
            }
            directory {
                a_group_is_found_archived_or_not
                a_membership_is_found_ended_or_not
                staff_are_members_of_the_shared_registry
                descendants_come_nearer_ones_first
                descendants_are_safe_on_cycles
                descendants_follow_a_moved_group
                scopes_are_entered_through_it
                archived_groups_are_descendants_too
                a_parent_need_not_be_there
                a_long_line_of_descendants_comes_whole
                memberships_in_two_places_are_two
                a_membership_changes_and_comes_back
            }
            budget {
                a_window_grants_its_limit_and_no_more
                the_state_says_what_was_spent
                if_one_budget_refuses_none_is_spent
                what_is_refused_otherwise_spends_nothing
                a_quota_starts_anew_with_its_period
                a_level_is_left_again
                what_is_settled_makes_room_for_what_is_spent
                keys_that_differ_are_two_budgets
                of_several_the_tightest_refuses
                looking_spends_nothing
                a_clock_that_goes_back_grants_nothing_more
                what_is_given_back_is_granted_again
                many_at_once_are_granted_together_or_not
                one_budget_named_twice_is_spent_twice
                what_was_used_beyond_the_reserve_counts
                a_full_window_keeps_each_moment
                the_longest_key_is_a_key
            }
            concurrency {
                a_budget_grants_exactly_its_limit
                a_chain_has_one_order
                one_revision_is_written_by_one
                absence_is_used_up_by_one
                one_request_is_done_by_one
                places_do_not_get_into_each_others_way
                a_commit_is_seen_whole
                a_chain_that_grows_is_read_without_gaps
                a_level_is_never_above_its_limit
            }
            refusal {
                properties_that_are_too_deep
                nul_in_any_text
                names_that_are_empty_or_too_long
                texts_that_are_too_long
                labels_in_disorder
                knowledge_without_what_its_type_needs
                connections_that_cannot_be
                memberships_of_roles_that_do_not_fit
                groups_that_cannot_be
                what_never_changes
                what_is_made_after_it_is_written
                revisions_that_no_row_has
                one_bad_part_behind_many_good_ones
                nothing_of_it_is_found
                properties_that_are_too_large
            }
        }
    };
}

/// Tests that a store keeps its contract: one test for each case, the differential test and the test
/// of isolation, each on stores of its own.
///
/// Takes an expression that makes a future of a [`Subject`](crate::store::Subject), for instance
/// an async closure. Use it once in a module.
///
/// ```
/// mod memory {
///     use one_ontology::MemoryStore;
///     use plugin_testkit::store::Subject;
///
///     plugin_testkit::store_suite!(|| async { Subject::new(MemoryStore::new()) });
/// }
/// ```
#[macro_export]
macro_rules! store_suite {
    ($fresh:expr) => {
        fn fresh() -> $crate::store::Subject {
            $crate::store::Subject::make($fresh)
        }

        $crate::__store_cases!($crate::__store_tests);

        #[test]
        fn does_what_the_memory_store_does() {
            $crate::store::differential::run(fresh);
        }

        #[test]
        fn tells_nothing_of_other_places() {
            $crate::store::isolation::run(fresh);
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __store_tests {
    ($($group:ident { $($name:ident)* })*) => {$(
        mod $group {
            $(
                #[test]
                fn $name() {
                    $crate::store::run_case(stringify!($group), stringify!($name), super::fresh);
                }
            )*
        }
    )*};
}
