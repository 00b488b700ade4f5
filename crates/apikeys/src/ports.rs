//! Ports of this domain.

mod api_key_mails;
mod store;

pub use api_key_mails::ApiKeyMails;
#[cfg(feature = "mock")]
pub use store::MockApiKeyStore;
pub use store::{ApiKeyRows, ApiKeyStore, ApiKeyTransaction, KeyCounts};
