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

/// What an operator may choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OrgSettings {
    /// How many organizations, members and invitations there may be.
    pub quotas: OrgQuotas,
}

/// Organizations and their members.
pub struct Orgs {
    pub(crate) ports: OrgPorts,
    pub(crate) settings: OrgSettings,
}

impl Orgs {
    /// Plugs the ports in.
    #[must_use]
    pub const fn new(ports: OrgPorts, settings: OrgSettings) -> Self {
        Self { ports, settings }
    }

    /// Replaces the default quotas.
    #[must_use]
    pub const fn with_quotas(mut self, quotas: OrgQuotas) -> Self {
        self.settings.quotas = quotas;
        self
    }

    pub(crate) fn event(&self, actor: &Actor, event: OrgEvent) -> Event {
        Event::by(actor, event.into(), &*self.ports.clock, &*self.ports.entropy)
    }
}
