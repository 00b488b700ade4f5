//! A storage in memory that keeps every promise of the ports: the third backend.

mod applications;
mod clients;
mod invitations;
mod mails;
mod memberships;
mod rate_limits;
mod read;
mod resets;
mod sso;
mod state;
mod transaction;

use std::sync::{
    Arc, PoisonError, RwLock,
    atomic::{AtomicUsize, Ordering},
};

use state::State;
use transaction::MemoryTransaction;

use super::FixedClock;
use crate::Stores;

/// Serves all store ports from one state. A copy of it is the same storage.
///
/// There is one writer at a time: a transaction has a state of its own, which becomes everybody's with its commit and is
/// forgotten with its drop.
#[derive(Clone, Default)]
pub struct MemoryStore(Arc<Shared>);

#[derive(Default)]
struct Shared {
    /// What everybody sees. It is replaced as a whole.
    published: RwLock<Arc<State>>,
    /// Whoever holds it may write.
    writer: Arc<tokio::sync::Mutex<()>>,
    open: AtomicUsize,
    clock: Arc<FixedClock>,
}

impl Shared {
    fn published(&self) -> Arc<State> {
        self.published.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn publish(&self, state: State) {
        *self.published.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(state);
    }
}

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

    fn state(&self) -> Arc<State> {
        self.0.published()
    }

    async fn transaction(&self) -> MemoryTransaction {
        let turn = self.0.writer.clone().lock_owned().await;
        MemoryTransaction::open(self.0.clone(), turn)
    }
}
