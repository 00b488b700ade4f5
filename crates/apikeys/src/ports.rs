//! Ports of this domain.

mod api_key_mails;
mod counters;
mod slice;
mod store;

pub use api_key_mails::ApiKeyMails;
pub use counters::{KeyCounters, WindowCounter};
pub use slice::{OffsetError, Slice, SliceOffset, SliceRequest};
#[cfg(feature = "mock")]
pub use store::MockApiKeyStore;
pub use store::{ApiKeyRows, ApiKeyStore, ApiKeyTransaction, KeyCounts};

pub use crate::service_accounts::ports::ServiceAccounts;
