//! Ports of this domain.

mod key_letters;
mod store;

pub use key_letters::ApiKeyMails;
#[cfg(feature = "mock")]
pub use store::MockApiKeyStore;
pub use store::{ApiKeyRows, ApiKeyStore, ApiKeyTransaction, KeyCounts};
