//! The storage in memory keeps every promise that the databases keep, with one writer at a time and with several.

use tessera_testkit::{Contention, Harness, Skip, Stores, async_trait, fakes::MemoryStore};

struct MemoryHarness {
    store: MemoryStore,
    stores: Stores,
}

#[async_trait]
impl Harness for MemoryHarness {
    async fn start() -> Result<Self, Skip> {
        let store = MemoryStore::new();
        let stores = store.stores();
        Ok(Self { store, stores })
    }

    fn stores(&self) -> &Stores {
        &self.stores
    }

    fn connections_in_use(&self) -> usize {
        self.store.open_transactions()
    }

    async fn reopen(&mut self) -> Result<(), Skip> {
        Err(Skip::because("the storage in memory ends with its process"))
    }
}

tessera_testkit::all_store_contracts!(MemoryHarness);

struct OptimisticHarness(MemoryHarness);

#[async_trait]
impl Harness for OptimisticHarness {
    async fn start() -> Result<Self, Skip> {
        let store = MemoryStore::optimistic();
        let stores = store.stores();
        Ok(Self(MemoryHarness { store, stores }))
    }

    fn stores(&self) -> &Stores {
        self.0.stores()
    }

    fn connections_in_use(&self) -> usize {
        self.0.connections_in_use()
    }

    fn contention(&self) -> Contention {
        Contention::IsBusy
    }
}

tessera_testkit::all_store_contracts!(OptimisticHarness, optimistic);
