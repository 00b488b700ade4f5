//! Implementations under test.

use async_trait::async_trait;
use tessera_identity::ports::ChainReader;

use crate::{Stores, expectations::ok};

/// A storage under test, with all store ports. [`OverMemory`](crate::OverMemory) is one for a storage that has only some
/// of them.
#[async_trait]
pub trait Harness: Sized + Send + Sync + 'static {
    /// Starts an empty storage that no other test uses.
    async fn start() -> Self;

    /// The ports of the storage.
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

/// Runs a case on a runtime with two threads. The macros of the contracts call it, so that a crate that uses them does
/// not need tokio.
#[doc(hidden)]
pub fn run<H>(start: impl Future<Output = H>, case: impl AsyncFnOnce(&mut H)) {
    let runtime = ok(tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build());
    runtime.block_on(async {
        let mut harness = start.await;
        case(&mut harness).await;
    });
}
