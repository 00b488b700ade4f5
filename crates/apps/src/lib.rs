//! Applications of organizations and their redirect URIs.
//!
//! This crate owns applications. It does not know API keys or inventory, which reference an application by id. It reads
//! roles through [`tessera_kernel::Memberships`].
#![warn(missing_docs)]

mod events;
pub mod model;
pub mod policy;
pub mod ports;
mod service;
mod usecases;

pub use service::{AppPorts, Apps};
pub use usecases::{create_application::CreateApplication, update_application::UpdateApplication};
