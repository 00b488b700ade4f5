//! Another service asks what a key is worth.

use tessera_kernel::{Permission, StoreError};

use crate::{
    ApiKeys,
    model::{ApiKey, Standing},
};

/// The question.
#[derive(Debug)]
pub struct VerifyKey {
    /// What was presented as a key. White space around it is ignored.
    pub key: String,
    /// What it is to permit; `None` asks only whether it lives.
    pub permission: Option<Permission>,
}

/// The answer. Whoever holds the key may know what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verification {
    /// It serves, and permits what was asked.
    Valid(ApiKey),
    /// No such key.
    NotFound,
    /// It was revoked.
    Revoked(ApiKey),
    /// Its time is over.
    Expired(ApiKey),
    /// It serves, but does not permit this.
    InsufficientPermissions(ApiKey),
}

impl ApiKeys {
    /// Tells what a key is worth, and notes its use when it is valid.
    ///
    /// # Errors
    /// Only when storage failed.
    pub async fn verify_key(&self, question: VerifyKey) -> Result<Verification, StoreError> {
        let Some((stored, at)) = self.look_up(question.key.trim()).await? else { return Ok(Verification::NotFound) };
        let key = stored.key;
        Ok(match key.standing(at) {
            Standing::Revoked => Verification::Revoked(key),
            Standing::Expired => Verification::Expired(key),
            Standing::Live if question.permission.is_some_and(|wanted| !key.permissions.contains(wanted)) => {
                Verification::InsufficientPermissions(key)
            }
            Standing::Live => {
                self.usage.note(key.id, self.ports.clock.now());
                Verification::Valid(key)
            }
        })
    }
}
