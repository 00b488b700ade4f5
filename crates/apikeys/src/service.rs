//! The domain with its ports plugged in.

use std::sync::Arc;

use tessera_kernel::{Actor, Clock, Entropy, Event, Memberships, Notices, SecretDigest};

use crate::{
    events::KeyEvent,
    ports::{ApiKeyStore, KeyLetters},
    quotas::KeyQuotas,
    usage::UsageBuffer,
};

/// Everything this domain needs from outside.
#[derive(Clone)]
pub struct ApiKeyPorts {
    /// Keys.
    pub store: Arc<dyn ApiKeyStore>,
    /// Hashes of keys.
    pub digest: Arc<dyn SecretDigest>,
    /// Roles.
    pub memberships: Arc<dyn Memberships>,
    /// What people are told of the keys that they made.
    pub letters: Arc<dyn KeyLetters>,
    /// How they are told.
    pub notices: Notices,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
}

/// The keys of applications.
pub struct ApiKeys {
    pub(crate) ports: ApiKeyPorts,
    pub(crate) usage: UsageBuffer,
    pub(crate) quotas: KeyQuotas,
}

impl ApiKeys {
    /// Plugs the ports in.
    #[must_use]
    pub fn new(ports: ApiKeyPorts) -> Self {
        Self { ports, usage: UsageBuffer::default(), quotas: KeyQuotas::default() }
    }

    /// Replaces the default quotas.
    #[must_use]
    pub fn with_quotas(self, quotas: KeyQuotas) -> Self {
        Self { quotas, ..self }
    }

    pub(crate) fn event(&self, actor: &Actor, event: KeyEvent<'_>) -> Event {
        Event::by(actor, event.into(), &*self.ports.clock, &*self.ports.entropy)
    }
}
