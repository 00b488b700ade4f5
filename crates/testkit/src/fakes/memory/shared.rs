//! What a store and its transactions share.

use std::sync::{Arc, PoisonError, RwLock, atomic::AtomicUsize};

use super::state::State;
use crate::fakes::FixedClock;

#[derive(Default)]
pub(super) struct Shared {
    /// What everybody sees. It is replaced as a whole.
    pub(super) published: RwLock<Arc<State>>,
    /// Whoever holds it may write.
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
