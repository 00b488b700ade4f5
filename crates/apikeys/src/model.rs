//! Entities and value objects.

mod api_key;
mod base62;
mod key_format;
mod lifetime;
mod raw_key;

pub use api_key::{ApiKey, FoundKey, KeyDescription, KeyName, KeyOwner, KeyState, KeyUse, OwnerRights, StoredKey};
pub use key_format::{KeyChecksum, KeyFormat};
pub use lifetime::{KeyLifetime, KeyLifetimeError};
pub use raw_key::{KeyKind, RawKey, RawKeyError};

pub use crate::service_accounts::model::{
    ServiceAccount, ServiceAccountPermission, ServiceAccountPermissionError, ServiceAccountState,
};
