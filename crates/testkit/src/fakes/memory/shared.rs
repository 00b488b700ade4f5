//! State that a store shares with its transactions.

use std::sync::{Arc, PoisonError, RwLock, atomic::AtomicUsize};

use super::state::State;
use crate::fakes::FixedClock;

#[derive(Default)]
pub(super) struct Shared {
    /// The committed state. A commit replaces it as a whole.
    pub(super) published: RwLock<Arc<State>>,
    /// The lock that a writer holds.
    pub(super) writer: Arc<tokio::sync::Mutex<()>>,
    pub(super) open: AtomicUsize,
    pub(super) clock: Arc<FixedClock>,
}

impl Shared {
    pub(super) fn published(&self) -> Arc<State> {
        self.published.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn publish(&self, state: State) {
        *self.published.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(state);
    }
}
