//! A member, or the application itself, looks at its items.

use tessera_kernel::{Actor, ApplicationId, OrganizationId, Page, PageRequest, StoreError};

use crate::{Inventory, model::Item, policy::Access, service::Reach};

/// There is nothing to show.
#[derive(Debug, thiserror::Error)]
pub enum ListItemsError {
    /// The application does not exist, or is not the actor's to know of.
    #[error("there is no such application")]
    NotFound,
    /// The key lacks `inventory:read`.
    #[error("this key does not permit this")]
    Forbidden {
        /// Whose administrators may learn that it was tried.
        organization: OrganizationId,
    },
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Inventory {
    /// The items of an application, in ascending order of their id.
    ///
    /// # Errors
    /// See [`ListItemsError`].
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
