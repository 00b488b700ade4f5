//! The service of this domain and its ports.

use std::sync::Arc;

use tessera_kernel::{Actor, ApplicationId, Clock, Entropy, Memberships, OrganizationId, Principal, Quota, StoreError};

use crate::{
    policy::{self, Access},
    ports::ItemStore,
};

/// The ports of this domain.
#[derive(Clone)]
pub struct InventoryPorts {
    /// The storage of items.
    pub store: Arc<dyn ItemStore>,
    /// The roles of users.
    pub memberships: Arc<dyn Memberships>,
    /// The clock of the node.
    pub clock: Arc<dyn Clock>,
    /// The source of random bytes.
    pub entropy: Arc<dyn Entropy>,
}

/// The use cases of inventories.
pub struct Inventory {
    pub(crate) ports: InventoryPorts,
    pub(crate) quota: Quota,
}

/// The result of the access check for an inventory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// The actor must not learn that the application exists.
    Unknown,
    /// The actor can see the application but may not perform the access.
    Refused {
        /// The organization that owns the application.
        organization: OrganizationId,
    },
    /// The actor may perform the access.
    Granted,
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

    /// Checks the access of the actor to the inventory of the application.
    pub(crate) async fn reach(
        &self,
        actor: &Actor,
        application: ApplicationId,
        access: Access,
    ) -> Result<Reach, StoreError> {
        let allowed = match &actor.principal {
            Principal::Application { application: own, organization, permissions, .. } => {
                let own = policy::key_reaches(*own, application);
                own.then(|| (*organization, policy::key_may(permissions, access)))
            }
            Principal::User { id, .. } => {
                let application_role = self.ports.memberships.application_role(application, *id).await?;
                application_role.map(|application_role| {
                    (application_role.organization, policy::member_may(application_role.role, access))
                })
            }
        };
        Ok(match allowed {
            None => Reach::Unknown,
            Some((organization, false)) => Reach::Refused { organization },
            Some((_, true)) => Reach::Granted,
        })
    }
}
