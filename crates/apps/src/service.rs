//! The domain with its ports plugged in.

use std::sync::Arc;

use tessera_kernel::{Actor, Clock, Entropy, Event, Memberships, Quota};

use crate::{events::AppEvent, ports::AppStore};

/// Everything this domain needs from outside.
#[derive(Clone)]
pub struct AppPorts {
    /// Applications.
    pub store: Arc<dyn AppStore>,
    /// Roles.
    pub memberships: Arc<dyn Memberships>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
}

/// The applications of organizations.
pub struct Apps {
    pub(crate) ports: AppPorts,
    pub(crate) quota: Quota,
}

impl Apps {
    /// Plugs the ports in.
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
        Event::by(actor, event.into(), &*self.ports.clock, &*self.ports.entropy)
    }
}
