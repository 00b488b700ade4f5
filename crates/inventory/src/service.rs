//! The domain with its ports plugged in.

use std::sync::Arc;

use tessera_kernel::{Actor, ApplicationId, Clock, Entropy, Memberships, OrganizationId, Principal, Quota, StoreError};

use crate::{
    policy::{self, Access},
    ports::ItemStore,
};

/// Everything this domain needs from outside.
#[derive(Clone)]
pub struct InventoryPorts {
    /// Items.
    pub store: Arc<dyn ItemStore>,
    /// Roles.
    pub memberships: Arc<dyn Memberships>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
}

/// The inventories of applications.
pub struct Inventory {
    pub(crate) ports: InventoryPorts,
    pub(crate) quota: Quota,
}

/// What an actor may do in an inventory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// It is not theirs to know of.
    Unknown,
    /// They may know of it but not do this.
    Refused {
        /// Whose inventory it is.
        organization: OrganizationId,
    },
    /// They may do this.
    Granted,
}

impl Inventory {
    /// Plugs the ports in.
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

    /// How far the actor reaches in the inventory of that application.
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
                let standing = self.ports.memberships.standing_in(application, *id).await?;
                standing.map(|standing| (standing.organization, policy::member_may(standing.role, access)))
            }
        };
        Ok(match allowed {
            None => Reach::Unknown,
            Some((organization, false)) => Reach::Refused { organization },
            Some((_, true)) => Reach::Granted,
        })
    }
}
