//! API keys of applications and organizations, and service accounts.
//!
//! This crate owns API keys. It does not know what a permission grants access to. It reads roles through
//! [`tessera_kernel::Memberships`].
#![warn(missing_docs)]

mod application_keys;
mod events;
mod key_error;
pub mod leaks;
mod lock;
mod management;
pub mod model;
mod organization_keys;
pub mod policy;
pub mod ports;
mod quotas;
mod service;
mod service_accounts;
mod used_key;
mod verification;

pub use application_keys::generate::{GenerateKey, GenerateKeyError, UnknownPermissions};
pub use key_error::KeyError;
pub use management::{
    edit::{EditKey, EditKeyError},
    rotate::{RotateKeyError, RotatedKey},
};
pub use organization_keys::create::{CreateOrganizationKey, CreateOrganizationKeyError};
pub use quotas::KeyQuotas;
pub use service::{ApiKeyPorts, ApiKeys, KeyNotices};
pub use service_accounts::{create::CreateServiceAccount, update::UpdateServiceAccount, view::ServiceAccountError};
pub use verification::{
    authenticate::AuthenticateKeyError,
    charge::LimitState,
    code::VerificationCode,
    explain::{Check, CheckOutcome},
    verify::{Verification, VerifiedUse, VerifyKey},
};
