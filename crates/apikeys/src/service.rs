//! The service of this domain and its ports.

use std::sync::Arc;

use tessera_kernel::{Actor, Event, Memberships, PermissionSet, SecretDigest, SystemPorts};
use tessera_outbox::Notices;

use crate::{
    events::KeyEvent,
    ports::{ApiKeyMails, ApiKeyStore},
    quotas::KeyQuotas,
    usage::UsageBuffer,
};

/// The ports of this domain.
#[derive(Clone)]
pub struct ApiKeyPorts {
    /// The storage of keys.
    pub store: Arc<dyn ApiKeyStore>,
    /// The hash function for keys.
    pub digest: Arc<dyn SecretDigest>,
    /// The roles of users.
    pub memberships: Arc<dyn Memberships>,
    /// The mails about new keys. `None` if users get no mails.
    pub notices: Option<KeyNotices>,
    /// The clock of the node, and the source of random bytes.
    pub system: SystemPorts,
}

/// The texts of the mails about new keys, and their sender, which limits their number.
#[derive(Clone)]
pub struct KeyNotices {
    /// The texts.
    pub templates: Arc<dyn ApiKeyMails>,
    /// The writer of notices.
    pub notices: Notices,
}

/// The use cases of API keys.
pub struct ApiKeys {
    pub(crate) ports: ApiKeyPorts,
    pub(crate) usage: UsageBuffer,
    pub(crate) quotas: KeyQuotas,
    pub(crate) catalogue: PermissionSet,
}

impl ApiKeys {
    /// Creates the service. The catalogue has the permissions that the keys of every application can get.
    #[must_use]
    pub fn new(ports: ApiKeyPorts, catalogue: PermissionSet) -> Self {
        Self { ports, usage: UsageBuffer::default(), quotas: KeyQuotas::default(), catalogue }
    }

    /// Replaces the default quotas.
    #[must_use]
    pub fn with_quotas(self, quotas: KeyQuotas) -> Self {
        Self { quotas, ..self }
    }

    pub(crate) fn event(&self, actor: &Actor, event: KeyEvent<'_>) -> Event {
        Event::by(actor, event, &self.ports.system)
    }
}
