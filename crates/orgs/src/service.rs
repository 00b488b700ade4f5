//! The domain with its ports plugged in.

use std::sync::Arc;

use tessera_kernel::{Actor, Clock, Entropy, Event};

use crate::{
    events::OrgEvent,
    ports::{Directory, OrgStore},
};

/// Everything this domain needs from outside.
#[derive(Clone)]
pub struct OrgPorts {
    /// Organizations and memberships.
    pub store: Arc<dyn OrgStore>,
    /// Users, as far as an organization may know them.
    pub directory: Arc<dyn Directory>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
}

/// Organizations and their members.
pub struct Orgs {
    pub(crate) ports: OrgPorts,
}

impl Orgs {
    /// Plugs the ports in.
    #[must_use]
    pub const fn new(ports: OrgPorts) -> Self {
        Self { ports }
    }

    pub(crate) fn event(&self, actor: &Actor, event: OrgEvent) -> Event {
        Event::by(actor, event.into(), &*self.ports.clock, &*self.ports.entropy)
    }
}
