//! The service of this domain and its ports.

use std::sync::Arc;

use tessera_kernel::{Actor, Event, Memberships, Quota, SystemPorts};

use crate::{events::AppEvent, ports::AppStore};

/// The ports of this domain.
#[derive(Clone)]
pub struct AppPorts {
    /// The storage of applications.
    pub store: Arc<dyn AppStore>,
    /// The roles of users.
    pub memberships: Arc<dyn Memberships>,
    /// The clock of the node, and the source of random bytes.
    pub system: SystemPorts,
}

/// The use cases of applications.
pub struct Apps {
    pub(crate) ports: AppPorts,
    pub(crate) quota: Quota,
}

impl Apps {
    /// Creates the service.
    #[must_use]
    pub const fn new(ports: AppPorts) -> Self {
        Self { ports, quota: Self::QUOTA }
    }

    /// The default quota of applications for each organization.
    pub const QUOTA: Quota = Quota::new("applications", 100);

    /// Replaces the default quota.
    #[must_use]
    pub const fn with_quota(mut self, quota: Quota) -> Self {
        self.quota = quota;
        self
    }

    pub(crate) fn event(&self, actor: &Actor, event: AppEvent) -> Event {
        Event::by(actor, event, &self.ports.system)
    }
}
