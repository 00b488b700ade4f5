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

tessera_testkit::identity_store_contract!(MemoryHarness);
tessera_testkit::live_sessions_contract!(MemoryHarness);
tessera_testkit::sso_bounds_contract!(MemoryHarness);
tessera_testkit::sso_store_contract!(MemoryHarness);
tessera_testkit::signing_key_store_contract!(MemoryHarness);
tessera_testkit::org_store_contract!(MemoryHarness);
tessera_testkit::owners_contract!(MemoryHarness);
tessera_testkit::membership_changes_contract!(MemoryHarness);
tessera_testkit::app_store_contract!(MemoryHarness);
tessera_testkit::api_key_store_contract!(MemoryHarness);
tessera_testkit::item_store_contract!(MemoryHarness);
tessera_testkit::invitation_claims_contract!(MemoryHarness);
tessera_testkit::invitation_jobs_contract!(MemoryHarness);
tessera_testkit::invitation_store_contract!(MemoryHarness);
tessera_testkit::mail_queue_contract!(MemoryHarness);
tessera_testkit::memberships_contract!(MemoryHarness);
tessera_testkit::user_profiles_contract!(MemoryHarness);
tessera_testkit::audit_trail_contract!(MemoryHarness);
tessera_testkit::notice_counts_contract!(MemoryHarness);
tessera_testkit::org_documents_contract!(MemoryHarness);
tessera_testkit::custom_data_contract!(MemoryHarness);
tessera_testkit::accounts_contract!(MemoryHarness);
tessera_testkit::wallets_contract!(MemoryHarness);
tessera_testkit::quotas_contract!(MemoryHarness);
tessera_testkit::session_jobs_contract!(MemoryHarness);
tessera_testkit::deletions_contract!(MemoryHarness);
tessera_testkit::challenges_contract!(MemoryHarness);
tessera_testkit::hash_costs_contract!(MemoryHarness);
tessera_testkit::known_clients_contract!(MemoryHarness);
tessera_testkit::password_resets_contract!(MemoryHarness);
tessera_testkit::rate_limits_contract!(MemoryHarness);
