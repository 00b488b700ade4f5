//! What the makers of keys are told by mail.

use tessera_kernel::{EmailAddress, Mail, NoticeContext};

use crate::model::ApiKey;

/// Puts into words what was done with keys.
pub trait KeyLetters: Send + Sync {
    /// The mail that tells whoever made a key that they did. It opens nothing: what is shown of the key is not enough.
    fn key_generated(&self, to: &EmailAddress, key: &ApiKey, context: NoticeContext) -> Mail;
}
