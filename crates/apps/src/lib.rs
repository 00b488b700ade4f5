//! What an organization runs: its applications, and where their sign-ins may return to.
//!
//! Owns applications. Knows nothing of keys or inventory, which hang on an application's id, and asks for roles through
//! [`tessera_kernel::Memberships`].

mod events;
pub mod model;
pub mod policy;
pub mod ports;
mod service;
mod usecases;

pub use service::{AppPorts, Apps};
pub use usecases::{
    create_application::{CreateApplication, CreateApplicationError},
    delete_application::DeleteApplicationError,
    update_application::{UpdateApplication, UpdateApplicationError},
    view::ViewApplicationError,
};
