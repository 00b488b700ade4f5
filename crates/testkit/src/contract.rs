//! Contracts of the ports, as tests for every implementation.
//!
//! Each module contains the cases of one port and defines the macro that expands them to tests. Each case gets its own
//! harness, so no two cases share a row. `all_store_contracts!` expands the cases of all ports of a storage.

#[macro_use]
mod define;

pub mod accounts;
pub mod api_key_store;
pub mod api_key_transactions;
pub mod app_store;
pub mod app_transactions;
pub mod audit_trail;
pub mod chain_reader;
pub mod challenges;
pub mod custom_data;
pub mod deletions;
pub mod device_tokens;
pub mod email_addresses;
pub mod factors;
pub mod hash_costs;
pub mod idempotency_keys;
pub mod identity_store;
pub mod identity_transactions;
pub mod interrupted_operations;
pub mod invitation_claims;
pub mod invitation_store;
pub mod item_store;
pub mod key_changes;
pub mod key_counters;
pub mod known_devices;
pub mod live_sessions;
pub mod mail_queue;
pub mod membership_changes;
pub mod memberships;
pub mod org_documents;
pub mod org_store;
pub mod org_transactions;
pub mod organization_deletions;
pub mod organization_keys;
pub mod own_organizations;
pub mod owners;
pub mod passkeys;
pub mod password_resets;
pub mod pending_registrations;
pub mod quotas;
pub mod rate_limits;
pub mod refresh_tokens;
pub mod service_accounts;
pub mod session_jobs;
pub mod signing_key_store;
pub mod sso_bounds;
pub mod sso_store;
pub mod sso_transactions;
pub mod user_profiles;
pub mod wallets;
mod world;
pub mod wrong_passwords;

contracts! {
    of a storage {
        accounts as accounts_contract,
        api_key_store as api_key_store_contract,
        api_key_transactions as api_key_transactions_contract,
        app_store as app_store_contract,
        app_transactions as app_transactions_contract,
        audit_trail as audit_trail_contract,
        challenges as challenges_contract,
        custom_data as custom_data_contract,
        deletions as deletions_contract,
    device_tokens as device_tokens_contract,
    email_addresses as email_addresses_contract,
        factors as factors_contract,
        hash_costs as hash_costs_contract,
        idempotency_keys as idempotency_keys_contract,
        identity_store as identity_store_contract,
        identity_transactions as identity_transactions_contract,
        interrupted_operations as interrupted_operations_contract,
        invitation_claims as invitation_claims_contract,
        invitation_store as invitation_store_contract,
        item_store as item_store_contract,
        key_changes as key_changes_contract,
        key_counters as key_counters_contract,
        known_devices as known_devices_contract,
        live_sessions as live_sessions_contract,
        mail_queue as mail_queue_contract,
        membership_changes as membership_changes_contract,
        memberships as memberships_contract,
        org_documents as org_documents_contract,
        organization_deletions as organization_deletions_contract,
        organization_keys as organization_keys_contract,
        org_store as org_store_contract,
        org_transactions as org_transactions_contract,
        own_organizations as own_organizations_contract,
        owners as owners_contract,
        passkeys as passkeys_contract,
        password_resets as password_resets_contract,
        pending_registrations as pending_registrations_contract,
        quotas as quotas_contract,
        rate_limits as rate_limits_contract,
        refresh_tokens as refresh_tokens_contract,
        service_accounts as service_accounts_contract,
        session_jobs as session_jobs_contract,
        signing_key_store as signing_key_store_contract,
        sso_bounds as sso_bounds_contract,
        sso_store as sso_store_contract,
        sso_transactions as sso_transactions_contract,
        user_profiles as user_profiles_contract,
        wallets as wallets_contract,
        wrong_passwords as wrong_passwords_contract,
    }
    others {
        chain_reader,
    }
}
