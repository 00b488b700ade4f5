//! Items and their changes.

use tessera_kernel::{ApplicationId, ItemId, text_value};
use time::OffsetDateTime;

use super::{Metadata, Quantity};

text_value! {
    /// The stock-keeping unit: the application's identifier of an item. It is unique within the application and
    /// case-sensitive.
    Sku, identifier, 128;
    /// The display name of an item.
    ItemName, single_line, 200;
    /// The description of an item.
    ItemDescription, multi_line, 2000;
}

/// An inventory item of an application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The id.
    pub id: ItemId,
    /// The application that owns the item.
    pub application_id: ApplicationId,
    /// The stock-keeping unit.
    pub sku: Sku,
    /// The display name.
    pub name: Option<ItemName>,
    /// The description.
    pub description: Option<ItemDescription>,
    /// The number of pieces.
    pub quantity: Quantity,
    /// The data that the application attached.
    pub metadata: Metadata,
    /// The version. It is 1 at creation and grows by one with each change.
    pub version: i64,
    /// When the item was created.
    pub created_at: OffsetDateTime,
    /// When the item last changed.
    pub updated_at: OffsetDateTime,
}

impl Item {
    /// Returns whether the item has not changed since its creation.
    #[must_use]
    pub const fn is_new(&self) -> bool {
        self.version == 1
    }
}

/// The creation or change of an item. `None` keeps the current value, or sets the default for a new item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemChange {
    /// The id for a new item.
    pub id: ItemId,
    /// The application that owns the item.
    pub application_id: ApplicationId,
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
    /// The time of the change.
    pub at: OffsetDateTime,
}
