//! The promises of the ports, as tests that every implementation is put through.
//!
//! Each module holds the cases of one port and the macro that turns them into tests. A case gets a harness of its own,
//! so that no two share a row.

pub mod accounts;
pub mod api_key_store;
pub mod app_store;
pub mod audit_trail;
pub mod chain_reader;
pub mod challenges;
pub mod custom_data;
pub mod deletions;
pub mod directory;
pub mod hash_costs;
pub mod identity_store;
pub mod invitation_store;
pub mod item_store;
pub mod known_clients;
pub mod mail_queue;
pub mod membership_changes;
pub mod memberships;
pub mod org_documents;
pub mod org_store;
pub mod owners;
pub mod password_resets;
pub mod quotas;
pub mod rate_limits;
pub mod signing_key_store;
pub mod sso_bounds;
pub mod sso_store;
pub mod wallets;
mod world;

use async_trait::async_trait;
use tessera_identity::ports::ChainReader;

use crate::Stores;

/// An implementation under test.
#[async_trait]
pub trait Harness: Sized + Send + Sync + 'static {
    /// Starts one with nothing in it, shared with nobody.
    async fn start() -> Self;

    /// Its ports.
    fn stores(&self) -> &Stores;

    /// How many connections, or whatever a transaction holds on to, are in use now. It must come back to 0 by itself.
    fn connections_in_use(&self) -> usize;
}

/// A reader of chains under test.
#[async_trait]
pub trait ChainHarness: Sized + Send + Sync + 'static {
    /// Starts one that reads Ethereum and no other chain. There, a contract stands at the address of each
    /// [`Program`](crate::fakes::Program) and does what it says.
    async fn start() -> Self;

    /// The reader.
    fn reader(&self) -> &dyn ChainReader;

    /// Takes Ethereum away from the reader.
    fn cut_off(&self);
}

/// Turns cases into tests, each with a harness of its own.
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
