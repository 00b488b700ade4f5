//! The domain with its ports plugged in.

use std::sync::Arc;

use tessera_kernel::{Actor, Clock, Entropy, Event, MailSeal, Notices, RateLimits, SecretDigest};

use crate::{
    events::OrgEvent,
    ports::{Directory, Letters, OrgStore},
    quotas::OrgQuotas,
};

/// Everything this domain needs from outside.
#[derive(Clone)]
pub struct OrgPorts {
    /// Organizations and memberships.
    pub store: Arc<dyn OrgStore>,
    /// Users, as far as an organization may know them.
    pub directory: Arc<dyn Directory>,
    /// Hashes of tokens that open invitations.
    pub digest: Arc<dyn SecretDigest>,
    /// What mails say.
    pub letters: Arc<dyn Letters>,
    /// Keeps invitations unreadable until they are sent.
    pub seal: Arc<dyn MailSeal>,
    /// How owners are told of another.
    pub notices: Notices,
    /// The counters of rate limits.
    pub limits: Arc<dyn RateLimits>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
}

/// Organizations and their members.
pub struct Orgs {
    pub(crate) ports: OrgPorts,
    pub(crate) quotas: OrgQuotas,
}

impl Orgs {
    /// The service over these ports, with the default quotas.
    #[must_use]
    pub fn new(ports: OrgPorts) -> Self {
        Self { ports, quotas: OrgQuotas::default() }
    }

    /// Replaces the default quotas.
    #[must_use]
    pub const fn with_quotas(mut self, quotas: OrgQuotas) -> Self {
        self.quotas = quotas;
        self
    }

    pub(crate) fn event(&self, actor: &Actor, event: OrgEvent) -> Event {
        Event::by(actor, event.into(), &*self.ports.clock, &*self.ports.entropy)
    }
}
