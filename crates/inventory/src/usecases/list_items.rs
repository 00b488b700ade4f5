//! The list of items.

use tessera_kernel::{Actor, ApplicationId, OrganizationId, Page, PageRequest, StoreError};

use crate::{Inventory, model::Item, policy::Access, service::Reach};

/// Why no items are returned.
#[derive(Debug, thiserror::Error)]
pub enum ListItemsError {
    /// The application does not exist or is not visible to the actor.
    #[error("there is no such application")]
    NotFound,
    /// The key lacks `inventory:read`.
    #[error("this key does not permit this")]
    Forbidden {
        /// The organization whose audit trail records the denied attempt.
        organization: OrganizationId,
    },
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Inventory {
    /// Returns the items of an application, in ascending order of their ids.
    ///
    /// # Errors
    /// The application is not visible to the actor, the key lacks the permission, or storage failed.
    pub async fn list_items(
        &self,
        actor: &Actor,
        application: ApplicationId,
        page: PageRequest,
    ) -> Result<Page<Item>, ListItemsError> {
        match self.reach(actor, application, Access::Read).await? {
            Reach::Unknown => Err(ListItemsError::NotFound),
            Reach::Refused { organization } => Err(ListItemsError::Forbidden { organization }),
            Reach::Granted => Ok(self.ports.store.list_items(application, page).await?),
        }
    }
}
