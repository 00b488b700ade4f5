//! The in-memory store.

use std::sync::{Arc, atomic::Ordering};

use super::{shared::Shared, state::State, transaction::MemoryTransaction};
use crate::{Stores, fakes::FixedClock};

/// Implements all store ports over one state. Clones share the storage.
///
/// There is one writer at a time, unless the store is [`optimistic`](Self::optimistic). A transaction works on its own
/// copy of the state; a commit publishes the copy, and a drop discards it.
#[derive(Clone, Default)]
pub struct MemoryStore(pub(super) Arc<Shared>);

impl MemoryStore {
    /// Creates an empty store with its own fixed clock.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates an empty store with the given clock.
    #[must_use]
    pub fn with_clock(clock: Arc<FixedClock>) -> Self {
        Self(Arc::new(Shared { clock, ..Shared::default() }))
    }

    /// Creates an empty store with several writers at a time. The first that commits wins. All others that were open at
    /// that time fail with [`StoreError::Busy`](tessera_kernel::StoreError::Busy).
    #[must_use]
    pub fn optimistic() -> Self {
        Self(Arc::new(Shared { optimistic: true, ..Shared::default() }))
    }

    /// The store as a set of ports.
    #[must_use]
    pub fn stores(&self) -> Stores {
        Stores::of(&Arc::new(self.clone()))
    }

    /// The clock of the store.
    #[must_use]
    pub fn clock(&self) -> Arc<FixedClock> {
        self.0.clock.clone()
    }

    /// The number of open transactions.
    #[must_use]
    pub fn open_transactions(&self) -> usize {
        self.0.open.load(Ordering::SeqCst)
    }

    /// The number of sessions of the sign-in page, in any step and also if expired.
    #[must_use]
    pub fn stored_sign_ins(&self) -> usize {
        self.0.published().sso_sessions.len()
    }

    pub(super) fn state(&self) -> Arc<State> {
        self.0.published()
    }

    pub(super) async fn transaction(&self) -> MemoryTransaction {
        let turn = if self.0.optimistic { None } else { Some(self.0.writer.clone().lock_owned().await) };
        MemoryTransaction::open(self.0.clone(), turn)
    }
}
