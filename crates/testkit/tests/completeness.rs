//! No case of a contract is forgotten by the macro that turns cases into tests.

/// The names of the public cases in the source of a contract module.
fn cases(source: &str) -> Vec<&str> {
    source.lines().filter_map(|line| line.strip_prefix("pub async fn ")?.split('<').next()?.split('(').next()).collect()
}

/// The names that the macro in it lists.
fn listed(source: &str) -> Vec<&str> {
    let after = source.split_once("contract_tests! {").map_or("", |(_, after)| after);
    let list = after.split_once('}').map_or("", |(list, _)| list);
    list.split_once(":\n").map_or("", |(_, names)| names).split_whitespace().collect()
}

macro_rules! every_case_is_listed {
    ($($module:ident)+) => {$(
        #[test]
        fn $module() {
            let source = include_str!(concat!("../src/contract/", stringify!($module), ".rs"));
            assert!(!cases(source).is_empty());
            assert_eq!(listed(source), cases(source));
        }
    )+

        #[test]
        fn every_contract_is_looked_at() {
            let modules: Vec<&str> = include_str!("../src/contract.rs")
                .lines()
                .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
                .collect();
            assert_eq!(modules, [$(stringify!($module)),+]);
        }
    };
}

every_case_is_listed! {
    accounts
    api_key_store
    app_store
    audit_trail
    chain_reader
    challenges
    custom_data
    deletions
    hash_costs
    identity_store
    invitation_claims
    invitation_jobs
    invitation_store
    item_store
    known_devices
    live_sessions
    mail_queue
    membership_changes
    memberships
    notice_counts
    org_documents
    org_store
    owners
    password_resets
    quotas
    rate_limits
    session_jobs
    signing_key_store
    sso_bounds
    sso_store
    user_profiles
    wallets
}
