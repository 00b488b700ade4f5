//! Mails to users who create API keys.

use tessera_kernel::EmailAddress;
use tessera_outbox::{Mail, NoticeContext};

use crate::model::ApiKey;

/// Writes the mails about API keys.
pub trait ApiKeyMails: Send + Sync {
    /// Returns the mail that reports the new key to the user who created it. It contains only the shown characters of
    /// the key, so it grants no access.
    fn key_generated(&self, to: &EmailAddress, key: &ApiKey, context: NoticeContext) -> Mail;
}
