//! Inventories of applications: items by stock-keeping unit, with exact quantities.
//!
//! This crate owns inventory items. It does not know how an actor was authenticated. It reads roles through
//! [`tessera_kernel::Memberships`].
#![warn(missing_docs)]

pub mod model;
pub mod policy;
pub mod ports;
mod service;
mod usecases;

pub use service::{Inventory, InventoryPorts};
pub use usecases::put_item::PutItem;
