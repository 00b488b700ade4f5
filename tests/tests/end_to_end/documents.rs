//! JSON documents and inventory items.

mod access;
mod conditions;
mod content;
mod inventory;
pub(crate) mod places;
mod versions;
