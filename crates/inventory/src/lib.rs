//! What an application counts: items by stock-keeping unit, with quantities that are exact.
//!
//! Owns inventory items. Knows nothing of how its callers proved themselves; it asks for roles through
//! [`tessera_kernel::Memberships`].

pub mod model;
pub mod policy;
pub mod ports;
mod service;
mod usecases;

pub use service::{Inventory, InventoryPorts};
pub use usecases::{
    list_items::ListItemsError,
    put_item::{PutItem, PutItemError},
};
