//! The store itself.

use std::sync::{Arc, atomic::Ordering};

use super::{shared::Shared, state::State, transaction::MemoryTransaction};
use crate::{Stores, fakes::FixedClock};

/// Serves all store ports from one state. A copy of it is the same storage.
///
/// There is one writer at a time: a transaction has a state of its own, which becomes everybody's with its commit and is
/// forgotten with its drop.
#[derive(Clone, Default)]
pub struct MemoryStore(pub(super) Arc<Shared>);

impl MemoryStore {
    /// An empty storage with a clock of its own, that stands still.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty storage with that clock.
    #[must_use]
    pub fn with_clock(clock: Arc<FixedClock>) -> Self {
        Self(Arc::new(Shared { clock, ..Shared::default() }))
    }

    /// The storage behind every port that it serves.
    #[must_use]
    pub fn stores(&self) -> Stores {
        let store = Arc::new(self.clone());
        Stores {
            identity: store.clone(),
            sso: store.clone(),
            relying_parties: store.clone(),
            challenges: store.clone(),
            resets: store.clone(),
            signing_keys: store.clone(),
            orgs: store.clone(),
            directory: store.clone(),
            apps: store.clone(),
            api_keys: store.clone(),
            items: store.clone(),
            memberships: store.clone(),
            audit: store.clone(),
            mails: store.clone(),
            limits: store,
        }
    }

    /// How many transactions are open.
    #[must_use]
    pub fn open_transactions(&self) -> usize {
        self.0.open.load(Ordering::SeqCst)
    }

    pub(super) fn state(&self) -> Arc<State> {
        self.0.published()
    }

    pub(super) async fn transaction(&self) -> MemoryTransaction {
        let turn = self.0.writer.clone().lock_owned().await;
        MemoryTransaction::open(self.0.clone(), turn)
    }
}
