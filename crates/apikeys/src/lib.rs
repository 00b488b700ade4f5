//! API keys of applications and their permissions.
//!
//! This crate owns API keys. It does not know what a permission grants access to. It reads roles through
//! [`tessera_kernel::Memberships`].
#![warn(missing_docs)]

mod events;
pub mod model;
pub mod policy;
pub mod ports;
mod quotas;
mod service;
mod usage;
mod usecases;

pub use quotas::KeyQuotas;
pub use service::{ApiKeyPorts, ApiKeys, KeyNotices};
pub use usecases::{
    authenticate::AuthenticateKeyError,
    generate::{GenerateKey, GenerateKeyError},
    revoke::RevokeKeyError,
    verify::{Verification, VerifyKey},
};
