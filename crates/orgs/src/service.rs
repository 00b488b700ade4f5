//! The service of this domain and its ports.

use std::sync::Arc;

use tessera_kernel::{Accounts, Actor, AuditEntry, Event, RateLimits, SecretDigest, SystemPorts};
use tessera_outbox::{MailSeal, Notices};

use crate::{
    ports::{MailTemplates, OrgStore, UserProfiles},
    quotas::OrgQuotas,
};

/// The ports that [`Orgs`] needs.
#[derive(Clone)]
pub struct OrgPorts {
    /// Organizations, memberships and invitations.
    pub store: Arc<dyn OrgStore>,
    /// The user data that organizations may see.
    pub user_profiles: Arc<dyn UserProfiles>,
    /// The accounts of invited users.
    pub accounts: Arc<dyn Accounts>,
    /// Hashes invitation tokens.
    pub digest: Arc<dyn SecretDigest>,
    /// Mail templates.
    pub mail_templates: Arc<dyn MailTemplates>,
    /// Encrypts queued mails until delivery.
    pub seal: Arc<dyn MailSeal>,
    /// Sends notices about changed memberships.
    pub notices: Notices,
    /// Rate limit counters.
    pub limits: Arc<dyn RateLimits>,
    /// The clock of the node, and the source of random bytes.
    pub system: SystemPorts,
}

/// The use cases of this domain.
pub struct Orgs {
    pub(crate) ports: OrgPorts,
    pub(crate) quotas: OrgQuotas,
}

impl Orgs {
    /// Creates the service with the default quotas.
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

    pub(crate) fn event(&self, actor: &Actor, event: impl Into<AuditEntry>) -> Event {
        Event::by(actor, event, &self.ports.system)
    }
}
