//! Entities and value objects.

mod api_key;
mod base62;
mod lifetime;
mod raw_key;

pub use api_key::{ApiKey, KeyDescription, KeyState, KeyStatus, StoredKey};
pub use lifetime::{KeyLifetime, KeyLifetimeError};
pub use raw_key::{RawKey, RawKeyError};
