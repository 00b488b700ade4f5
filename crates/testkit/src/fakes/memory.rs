//! In-memory store that fulfils every store contract, as the third backend.

mod addresses;
mod api_keys;
mod applications;
mod devices;
mod factors;
mod idempotency_keys;
mod invitations;
mod mails;
mod memberships;
mod organizations;
mod passkeys;
mod rate_limits;
mod read;
mod resets;
mod rows;
mod sessions;
mod shared;
mod sso;
mod state;
mod store;
mod transaction;
mod user_profiles;

pub use store::MemoryStore;
