//! The service of this domain and its ports.

use std::sync::Arc;

use tessera_kernel::{
    Actor, AuditEntry, CurrentOrganizationError, Event, Memberships, OrganizationId, PermissionSet, SecretDigest,
    StoreError, SystemPorts, UserId,
};
use tessera_outbox::{NoticeTopic, Notices};
use time::OffsetDateTime;

use crate::{
    model::{ApiKey, KeyKind},
    policy,
    ports::{ApiKeyMails, ApiKeyStore, ApiKeyTransaction},
    quotas::KeyQuotas,
    verification::{shares::NodeShares, usage::UsageBuffer},
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
    pub(crate) shares: NodeShares,
    pub(crate) quotas: KeyQuotas,
    pub(crate) catalogue: PermissionSet,
}

impl ApiKeys {
    /// Creates the service. The catalogue has the permissions that the keys of every application can get.
    #[must_use]
    pub fn new(ports: ApiKeyPorts, catalogue: PermissionSet) -> Self {
        Self {
            ports,
            usage: UsageBuffer::default(),
            shares: NodeShares::default(),
            quotas: KeyQuotas::default(),
            catalogue,
        }
    }

    /// Replaces the default quotas.
    #[must_use]
    pub fn with_quotas(self, quotas: KeyQuotas) -> Self {
        Self { quotas, ..self }
    }

    /// Returns the organization of a request that does not name one, see
    /// [`current_organization`](tessera_kernel::Memberships#method.current_organization).
    ///
    /// # Errors
    /// The organization is ambiguous or not visible to the actor, or storage failed.
    pub async fn current_organization(
        &self,
        actor: &Actor,
        stated: Option<OrganizationId>,
    ) -> Result<OrganizationId, CurrentOrganizationError> {
        self.ports.memberships.current_organization(actor, stated).await
    }

    /// Returns the time by the clock of the node.
    #[must_use]
    pub fn now(&self) -> OffsetDateTime {
        self.ports.system.now()
    }

    /// Returns the permissions that keys of a kind can have, without those that applications declare.
    #[must_use]
    pub fn permissions_of(&self, kind: KeyKind) -> PermissionSet {
        match kind {
            KeyKind::Application => self.catalogue.clone(),
            KeyKind::Organization => policy::SERVICE_ACCOUNT_PERMISSIONS.into_iter().collect(),
        }
    }

    pub(crate) fn event(&self, actor: &Actor, event: impl Into<AuditEntry>) -> Event {
        Event::by(actor, event, &self.ports.system)
    }

    /// Adds the mail to the user who creates the key, in the transaction that adds the key. Users without an email
    /// address get none, and service accounts have no address.
    pub(crate) async fn notify_creator(
        &self,
        tx: &mut dyn ApiKeyTransaction,
        key: &ApiKey,
        creator: Option<UserId>,
    ) -> Result<(), StoreError> {
        let (Some(KeyNotices { notices, templates }), Some(creator)) = (&self.ports.notices, creator) else {
            return Ok(());
        };
        let Some(to) = tx.keys().address_of(creator).await? else { return Ok(()) };
        let write = |context| templates.key_generated(&to, key, context);
        notices.notify(tx.outbox(), NoticeTopic::ApiKeys, &to, write).await
    }
}
