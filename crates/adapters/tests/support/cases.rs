//! The cases of [`store`](super::store), [`clocks`](super::clocks), [`retention`](super::retention) and
//! [`revocation`](super::revocation), as tests on one database.

macro_rules! cases {
    ($backend:expr, $module:ident: $($case:ident)+) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $case() {
            $module::$case($backend).await;
        }
    )+};
}

macro_rules! common_cases {
    ($backend:expr) => {
        cases! { $backend, store:
            two_stores_open_an_empty_database_at_once
            a_schema_newer_than_the_program_is_not_opened
            all_nodes_use_the_secret_that_was_stored_first
            a_database_answers_to_a_ping
            a_dropped_transaction_does_not_block_other_transactions
            a_transaction_with_a_failed_statement_does_not_commit
            conflicts_of_other_unique_keys_are_reported_by_name
            every_missing_reference_is_reported_as_the_same_conflict
            a_row_with_an_invalid_value_is_reported_as_corrupt
            a_corrupt_account_does_not_delay_the_reset_links_of_others
            a_message_of_another_kind_is_not_taken
            a_wait_for_a_connection_fails_as_busy_after_its_timeout
            cancelled_work_on_a_single_threaded_runtime_does_not_block_others
            plain_hashes_of_known_devices_become_keyed
        }

        cases! { $backend, clocks:
            a_challenge_expires_after_5_minutes_by_the_database_clock_s85
            application_sign_ins_expire_by_the_database_clock_s85
            an_authorization_code_expires_by_the_database_clock_s106
            a_reset_link_expires_by_the_database_clock_s191
            recent_authentication_is_checked_by_the_database_clock_s53
            sessions_end_by_the_clock_of_the_database
        }

        cases! { $backend, retention:
            every_table_has_a_rule_that_fits_the_schema
            rows_are_deleted_when_they_are_old_enough
            audit_entries_can_be_kept_for_ever
            an_acceptance_is_known_after_its_invitation_is_deleted
            nodes_delete_at_the_same_time
            writers_wait_briefly_while_old_rows_are_deleted
        }

        cases! { $backend, revocation:
            every_end_of_a_right_reaches_every_node_s135
            the_end_of_an_organization_reaches_every_node_s136
            a_lookup_during_the_end_of_a_right_does_not_restore_it_s137
            without_a_cache_every_lookup_reads_storage
            a_dropped_transaction_ends_nothing
            a_second_lookup_reads_nothing
        }
    };
}
