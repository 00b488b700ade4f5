//! The storage in memory keeps every promise that the databases keep.

use tessera_testkit::{Harness, Stores, async_trait, fakes::MemoryStore};

struct MemoryHarness {
    store: MemoryStore,
    stores: Stores,
}

#[async_trait]
impl Harness for MemoryHarness {
    async fn start() -> Self {
        let store = MemoryStore::new();
        let stores = store.stores();
        Self { store, stores }
    }

    fn stores(&self) -> &Stores {
        &self.stores
    }

    fn connections_in_use(&self) -> usize {
        self.store.open_transactions()
    }
}

tessera_testkit::all_store_contracts!(MemoryHarness);
