//! What this domain needs from the outside.

mod key_digest;
mod store;

pub use key_digest::KeyDigest;
#[cfg(feature = "mock")]
pub use store::MockApiKeyStore;
pub use store::{ApiKeyRows, ApiKeyStore, ApiKeyTransaction};
