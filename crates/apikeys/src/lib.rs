//! Keys by which an application proves itself, and what each of them permits.
//!
//! Owns API keys. Knows nothing of what a permission opens; it asks for roles through [`tessera_kernel::Memberships`].

mod events;
pub mod model;
pub mod policy;
pub mod ports;
mod quotas;
mod service;
mod usage;
mod usecases;

pub use quotas::KeyQuotas;
pub use service::{ApiKeyPorts, ApiKeys};
pub use usecases::{
    authenticate::AuthenticateKeyError,
    generate::{GenerateKey, GenerateKeyError},
    list::ListKeysError,
    revoke::RevokeKeyError,
    verify::{Verification, VerifyKey},
};
