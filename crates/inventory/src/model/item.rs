//! An item and a change to one.

use tessera_kernel::{ApplicationId, ItemId, text_value};
use time::OffsetDateTime;

use super::{Metadata, Quantity};

text_value! {
    /// Stock-keeping unit: what an application calls an item, unique in it, case-sensitive.
    Sku, identifier, 128;
    /// What people call an item.
    ItemName, single_line, 200;
    /// What people say about it.
    ItemDescription, multi_line, 2000;
}

/// An inventory item of an application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The item's id.
    pub id: ItemId,
    /// Whose it is.
    pub application_id: ApplicationId,
    /// What the application calls it.
    pub sku: Sku,
    /// What people call it.
    pub name: Option<ItemName>,
    /// What people say about it.
    pub description: Option<ItemDescription>,
    /// How many there are.
    pub quantity: Quantity,
    /// What the application attached.
    pub metadata: Metadata,
    /// 1 when made, one more with each change.
    pub version: i64,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// When it last changed.
    pub updated_at: OffsetDateTime,
}

impl Item {
    /// Whether no change has followed the making.
    #[must_use]
    pub const fn is_new(&self) -> bool {
        self.version == 1
    }
}

/// What is to become of an item, whether it exists or not. `None` leaves a field as it is, and a new item with its default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemChange {
    /// The id it gets if it is new.
    pub id: ItemId,
    /// Whose it is.
    pub application_id: ApplicationId,
    /// What the application calls it.
    pub sku: Sku,
    /// What people call it; `Some(None)` removes the name.
    pub name: Option<Option<ItemName>>,
    /// What people say about it; `Some(None)` removes it.
    pub description: Option<Option<ItemDescription>>,
    /// How many there are.
    pub quantity: Option<Quantity>,
    /// What the application attached, in place of all it attached before.
    pub metadata: Option<Metadata>,
    /// The time of the change.
    pub at: OffsetDateTime,
}
