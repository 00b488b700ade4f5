//! An item is made or changed.

use tessera_kernel::{Actor, ApplicationId, ItemId, OnConflict, OrganizationId, QuotaExceeded, StoreError};

use crate::{
    Inventory,
    model::{Item, ItemChange, ItemDescription, ItemName, Metadata, Quantity, Sku},
    policy::Access,
    service::Reach,
};

/// What is to become of an item. `None` leaves a field as it is, and a new item with its default.
#[derive(Debug)]
pub struct PutItem {
    /// Whose.
    pub application: ApplicationId,
    /// Which.
    pub sku: Sku,
    /// What people call it; `Some(None)` removes the name.
    pub name: Option<Option<ItemName>>,
    /// What people say about it; `Some(None)` removes it.
    pub description: Option<Option<ItemDescription>>,
    /// How many there are.
    pub quantity: Option<Quantity>,
    /// What the application attaches, in place of all it attached before.
    pub metadata: Option<Metadata>,
}

/// Nothing was made or changed.
#[derive(Debug, thiserror::Error)]
pub enum PutItemError {
    /// The application does not exist, or is not the actor's to know of.
    #[error("there is no such application")]
    NotFound,
    /// The role or the key does not reach for this.
    #[error("your role or key does not allow this")]
    Forbidden {
        /// Whose administrators may learn that it was tried.
        organization: OrganizationId,
    },
    /// A quota is used up.
    #[error(transparent)]
    Quota(#[from] QuotaExceeded),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Inventory {
    /// Makes the item, or changes it. However many come at once, each counts.
    ///
    /// # Errors
    /// See [`PutItemError`].
    pub async fn put_item(&self, actor: &Actor, command: PutItem) -> Result<Item, PutItemError> {
        match self.reach(actor, command.application, Access::Write).await? {
            Reach::Unknown => return Err(PutItemError::NotFound),
            Reach::Refused { organization } => return Err(PutItemError::Forbidden { organization }),
            Reach::Granted => {}
        }
        let change = ItemChange {
            id: ItemId::generate(&*self.ports.clock, &*self.ports.entropy),
            application_id: command.application,
            sku: command.sku,
            name: command.name,
            description: command.description,
            quantity: command.quantity,
            metadata: command.metadata,
            at: self.ports.clock.now(),
        };
        let put = self.ports.store.upsert_item(&change, self.quota.maximum()).await;
        match put.on_conflict(PutItemError::NotFound)? {
            Some(item) => Ok(item),
            None => Err(self.quota.exceeded().into()),
        }
    }
}
