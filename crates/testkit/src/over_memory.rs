//! Single ports under test, over the storage in memory.

use async_trait::async_trait;

use crate::{Harness, Stores, fakes::MemoryStore};

/// A storage that implements one port, or a few. [`OverMemory`] completes it to a [`Harness`].
#[async_trait]
pub trait OwnPorts: Sized + Send + Sync + 'static {
    /// Starts an empty storage that no other test uses, and puts its ports into `stores` in place of those of `memory`.
    ///
    /// The rows of all other ports are in `memory`. For example, the applications to which API keys belong are there. A
    /// storage that needs copies of them sets [`Stores::copies`].
    async fn start(memory: &MemoryStore, stores: &mut Stores) -> Self;

    /// The number of connections (or other resources of a transaction) now in use. It must return to 0 without any
    /// further call.
    fn connections_in_use(&self) -> usize;
}

/// Proves ports of your own together with a [`MemoryStore`], which has all other ports.
///
/// A contract can only be proved if the ports that it writes and reads together are all yours or all in memory. The table
/// in `docs/reuse.md` lists them.
pub struct OverMemory<P> {
    own: P,
    memory: MemoryStore,
    stores: Stores,
}

impl<P> OverMemory<P> {
    /// The storage of your own.
    #[must_use]
    pub fn own(&self) -> &P {
        &self.own
    }
}

#[async_trait]
impl<P: OwnPorts> Harness for OverMemory<P> {
    async fn start() -> Self {
        let memory = MemoryStore::new();
        let mut stores = memory.stores();
        let own = P::start(&memory, &mut stores).await;
        Self { own, memory, stores }
    }

    fn stores(&self) -> &Stores {
        &self.stores
    }

    fn connections_in_use(&self) -> usize {
        self.own.connections_in_use() + self.memory.open_transactions()
    }
}
