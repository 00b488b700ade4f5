//! Contracts of the ports, as tests for every implementation.
//!
//! Each module contains the cases of one port and the macro that expands them to tests. Each case gets its own harness,
//! so no two cases share a row.

pub mod accounts;
pub mod api_key_store;
pub mod app_store;
pub mod audit_trail;
pub mod chain_reader;
pub mod challenges;
pub mod custom_data;
pub mod deletions;
pub mod hash_costs;
pub mod identity_store;
pub mod invitation_claims;
pub mod invitation_jobs;
pub mod invitation_store;
pub mod item_store;
pub mod known_devices;
pub mod live_sessions;
pub mod mail_queue;
pub mod membership_changes;
pub mod memberships;
pub mod notice_counts;
pub mod org_documents;
pub mod org_store;
pub mod owners;
pub mod password_resets;
pub mod quotas;
pub mod rate_limits;
pub mod session_jobs;
pub mod signing_key_store;
pub mod sso_bounds;
pub mod sso_store;
pub mod user_profiles;
pub mod wallets;
mod world;

use async_trait::async_trait;
use tessera_identity::ports::ChainReader;

use crate::Stores;

/// An implementation under test.
#[async_trait]
pub trait Harness: Sized + Send + Sync + 'static {
    /// Starts an empty implementation that no other test uses.
    async fn start() -> Self;

    /// The ports of the implementation.
    fn stores(&self) -> &Stores;

    /// The number of connections (or other resources of a transaction) now in use. It must return to 0 without any
    /// further call.
    fn connections_in_use(&self) -> usize;
}

/// A chain reader under test.
#[async_trait]
pub trait ChainHarness: Sized + Send + Sync + 'static {
    /// Starts a reader that reads only Ethereum. At the address of each [`Program`](crate::fakes::Program) there is a
    /// contract that runs this program.
    async fn start() -> Self;

    /// The reader.
    fn reader(&self) -> &dyn ChainReader;

    /// Makes Ethereum unavailable to the reader.
    fn cut_off(&self);
}

/// Expands cases to tests, each with its own harness.
#[doc(hidden)]
#[macro_export]
macro_rules! contract_tests {
    ($harness:ident, $module:ident: $($case:ident)+) => {
        $crate::contract_tests! { $harness as $crate::Harness, $module: $($case)+ }
    };
    ($harness:ident as $trait:path, $module:ident: $($case:ident)+) => {
        mod $module {
            $(
                #[::tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    let harness = <super::$harness as $trait>::start().await;
                    $crate::contract::$module::$case(&harness).await;
                }
            )+
        }
    };
}
