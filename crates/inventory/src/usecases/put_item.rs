//! Creation and change of items.

use tessera_kernel::{AccessError, Actor, ApplicationId, CreateError, ItemId, OnConflict};

use crate::{
    Inventory,
    model::{Item, ItemChange, ItemDescription, ItemName, Metadata, Quantity, Sku},
    policy,
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

impl Inventory {
    /// Creates or changes the item. Of concurrent calls, each takes effect.
    ///
    /// # Errors
    /// The application is not visible to the actor, the role or the permissions do not allow this, a quota is used up,
    /// or storage failed.
    pub async fn put_item(&self, actor: &Actor, command: PutItem) -> Result<Item, CreateError> {
        let application_id = command.application;
        self.ports.memberships.authorize(actor, application_id, &policy::WRITE).await?;
        let change = ItemChange {
            id: ItemId::generate(&self.ports.system),
            application_id,
            sku: command.sku,
            name: command.name,
            description: command.description,
            quantity: command.quantity,
            metadata: command.metadata,
            at: self.ports.system.now(),
        };
        let put = self.ports.store.upsert_item(&change, self.quota.maximum()).await;
        match put.on_conflict(AccessError::not_found(application_id))? {
            Some(item) => Ok(item),
            None => Err(self.quota.exceeded().into()),
        }
    }
}
