//! Mails about API keys.

use tessera_kernel::EmailAddress;
use tessera_outbox::{Mail, NoticeContext};

use crate::{leaks::model::LeakReport, model::ApiKey};

/// Writes the mails about API keys.
pub trait ApiKeyMails: Send + Sync {
    /// Returns the mail that reports the new key, or the new secret of a rotated key, to the user who created it. It contains only the shown characters of
    /// the key, so it grants no access.
    fn key_generated(&self, to: &EmailAddress, key: &ApiKey, context: NoticeContext) -> Mail;

    /// Returns the mail that reports to an owner of the organization of the key that it was found by a third party and
    /// is revoked. Nothing in the report is verified.
    fn key_leaked(&self, to: &EmailAddress, key: &ApiKey, report: &LeakReport, context: NoticeContext) -> Mail;
}
