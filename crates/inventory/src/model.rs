//! Entities and value objects.

mod item;
mod metadata;
mod quantity;

pub use item::{Item, ItemChange, ItemDescription, ItemName, Sku};
pub use metadata::Metadata;
pub use quantity::{Quantity, QuantityError};
