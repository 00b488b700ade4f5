//! Single ports under test, over the storage in memory.

use async_trait::async_trait;

use crate::{Contention, Harness, Skip, Stores, fakes::MemoryStore};

/// A storage that implements one port, or a few. [`OverMemory`] completes it to a [`Harness`].
#[async_trait]
pub trait OwnPorts: Sized + Send + Sync + 'static {
    /// Starts an empty storage that no other test uses, and puts its ports into `stores` in place of those of `memory`.
    ///
    /// The rows of all other ports are in `memory`. For example, the applications to which API keys belong are there. A
    /// storage that needs copies of them sets [`Stores::copies`].
    ///
    /// # Errors
    /// Skips the case, for example because the server of the storage does not run on this machine.
    async fn start(memory: &MemoryStore, stores: &mut Stores) -> Result<Self, Skip>;

    /// The number of connections (or other resources of a transaction) now in use. It must return to 0 without any
    /// further call.
    fn connections_in_use(&self) -> usize;

    /// Stops the storage and opens it again, as a restart of the process does, and puts its ports into `stores`. What was
    /// committed must still be there. The storage in memory stays.
    ///
    /// # Errors
    /// Skips the case. This is the default.
    async fn reopen(&mut self, stores: &mut Stores) -> Result<(), Skip> {
        let _ = stores;
        Err(Skip::because("the harness does not reopen its storage"))
    }

    /// What the storage does with concurrent transactions that lock or change the same rows. By default, they wait.
    fn contention(&self) -> Contention {
        Contention::Waits
    }
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
    async fn start() -> Result<Self, Skip> {
        let memory = MemoryStore::new();
        let mut stores = memory.stores();
        let own = P::start(&memory, &mut stores).await?;
        Ok(Self { own, memory, stores })
    }

    fn stores(&self) -> &Stores {
        &self.stores
    }

    fn connections_in_use(&self) -> usize {
        self.own.connections_in_use() + self.memory.open_transactions()
    }

    async fn reopen(&mut self) -> Result<(), Skip> {
        self.own.reopen(&mut self.stores).await
    }

    fn contention(&self) -> Contention {
        self.own.contention()
    }
}
