//! The list of items.

use tessera_kernel::{AccessError, Actor, ApplicationId, Page, PageRequest};

use crate::{Inventory, model::Item, policy};

impl Inventory {
    /// Returns the items of an application, in ascending order of their ids.
    ///
    /// # Errors
    /// The application is not visible to the actor, the rights of the actor are too low, or storage failed.
    pub async fn list_items(
        &self,
        actor: &Actor,
        application: ApplicationId,
        page: PageRequest,
    ) -> Result<Page<Item>, AccessError> {
        self.ports.memberships.authorize(actor, application, &policy::READ).await?;
        Ok(self.ports.store.list_items(application, page).await?)
    }
}
