//! The ports of the node's system that every service needs.

use std::sync::Arc;

use time::OffsetDateTime;

use crate::{Clock, Entropy};

/// The clock of the node and its source of random bytes. Clones share them.
#[derive(Clone)]
pub struct SystemPorts {
    /// The clock of the node.
    pub clock: Arc<dyn Clock>,
    /// The source of random bytes.
    pub entropy: Arc<dyn Entropy>,
}

impl SystemPorts {
    /// Bundles a clock and a source of random bytes.
    #[must_use]
    pub fn new(clock: impl Clock + 'static, entropy: impl Entropy + 'static) -> Self {
        Self { clock: Arc::new(clock), entropy: Arc::new(entropy) }
    }

    /// The current time by the clock of the node.
    #[must_use]
    pub fn now(&self) -> OffsetDateTime {
        self.clock.now()
    }
}
