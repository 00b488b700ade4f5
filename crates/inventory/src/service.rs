//! The service of this domain and its ports.

use std::sync::Arc;

use tessera_kernel::{Memberships, Quota, SystemPorts};

use crate::ports::ItemStore;

/// The ports of this domain.
#[derive(Clone)]
pub struct InventoryPorts {
    /// The storage of items.
    pub store: Arc<dyn ItemStore>,
    /// The roles of users.
    pub memberships: Arc<dyn Memberships>,
    /// The clock of the node, and the source of random bytes.
    pub system: SystemPorts,
}

/// The use cases of inventories.
pub struct Inventory {
    pub(crate) ports: InventoryPorts,
    pub(crate) quota: Quota,
}

impl Inventory {
    /// Creates the service.
    #[must_use]
    pub const fn new(ports: InventoryPorts) -> Self {
        Self { ports, quota: Self::QUOTA }
    }

    /// The default quota of items for each application.
    pub const QUOTA: Quota = Quota::new("items", 100_000);

    /// Replaces the default quota.
    #[must_use]
    pub const fn with_quota(mut self, quota: Quota) -> Self {
        self.quota = quota;
        self
    }
}
