//! State that a store shares with its transactions.

use std::sync::{Arc, PoisonError, RwLock, atomic::AtomicUsize};

use tessera_kernel::StoreError;

use super::state::State;
use crate::fakes::FixedClock;

#[derive(Default)]
pub(super) struct Shared {
    /// The committed state. A commit replaces it as a whole.
    pub(super) published: RwLock<Arc<State>>,
    /// The lock that a writer holds.
    pub(super) writer: Arc<tokio::sync::Mutex<()>>,
    /// Whether there are several writers at a time.
    pub(super) optimistic: bool,
    pub(super) open: AtomicUsize,
    pub(super) clock: Arc<FixedClock>,
}

impl Shared {
    pub(super) fn published(&self) -> Arc<State> {
        self.published.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Replaces the committed state. Fails if it is not `base` any more, because another writer has committed.
    pub(super) fn publish(&self, base: &Arc<State>, state: State) -> Result<(), StoreError> {
        let mut published = self.published.write().unwrap_or_else(PoisonError::into_inner);
        if !Arc::ptr_eq(&published, base) {
            return Err(StoreError::Busy);
        }
        *published = Arc::new(state);
        Ok(())
    }
}
