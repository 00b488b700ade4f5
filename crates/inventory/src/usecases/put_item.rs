//! Creation and change of items.

use tessera_kernel::{Actor, ApplicationId, ItemId, OnConflict, OrganizationId, QuotaExceeded, StoreError};

use crate::{
    Inventory,
    model::{Item, ItemChange, ItemDescription, ItemName, Metadata, Quantity, Sku},
    policy::Access,
    service::Reach,
};

/// The creation or change of an item. `None` keeps the current value, or sets the default for a new item.
#[derive(Debug)]
pub struct PutItem {
    /// The application that owns the item.
    pub application: ApplicationId,
    /// The stock-keeping unit.
    pub sku: Sku,
    /// The display name. `Some(None)` removes it.
    pub name: Option<Option<ItemName>>,
    /// The description. `Some(None)` removes it.
    pub description: Option<Option<ItemDescription>>,
    /// The number of pieces.
    pub quantity: Option<Quantity>,
    /// The new metadata, which replaces all old metadata.
    pub metadata: Option<Metadata>,
}

/// Why nothing was created or changed.
#[derive(Debug, thiserror::Error)]
pub enum PutItemError {
    /// The application does not exist or is not visible to the actor.
    #[error("there is no such application")]
    NotFound,
    /// The role or the permissions of the actor do not allow this.
    #[error("your role or key does not allow this")]
    Forbidden {
        /// The organization whose audit trail records the denied attempt.
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
    /// Creates or changes the item. Of concurrent calls, each takes effect.
    ///
    /// # Errors
    /// The application is not visible to the actor, the role or the permissions do not allow this, a quota is used up,
    /// or storage failed.
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
