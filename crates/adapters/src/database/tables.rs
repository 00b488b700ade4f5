//! Row types and queries.
//!
//! There is one file for each table. `mails` also has the table `notice_counts`, `known_devices` also has `known_networks`,
//! `email_proofs` also has `email_changes`, and `password_resets` also has `password_reset_requests`, because one port uses both tables. Ports that only combine or read tables have files of
//! their own: `identity`, `relying_parties`, `sso` and `user_profiles`.

mod api_keys;
mod apps;
mod departures;
mod device_tokens;
mod documents;
mod email_proofs;
mod events;
mod factors;
mod hash_costs;
mod idempotency_keys;
mod identity;
mod interrupted_operations;
mod invitation_mails;
mod invitations;
mod items;
mod known_devices;
mod mails;
mod memberships;
mod organizations;
mod orgs;
mod passkey_ceremonies;
mod passkeys;
mod password_resets;
mod pending_registrations;
mod rate_limits;
mod relying_parties;
pub(super) mod sealed_values;
mod secrets;
mod service_accounts;
mod sessions;
pub(super) mod signing_keys;
mod sso;
mod sso_codes;
mod sso_sessions;
mod user_profiles;
mod users;
mod wallet_challenges;
mod wallets;
mod wrong_passwords;

pub use sealed_values::{ResealPass, SealedColumn, SealedValue};
pub(crate) use secrets::StoredSecret;
