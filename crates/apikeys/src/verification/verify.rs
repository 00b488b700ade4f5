//! Verification of API keys for other services.

use tessera_kernel::{CredentialStatus, KeyScope, Permission, StoreError};

use crate::{
    ApiKeys,
    model::{ApiKey, FoundKey, OwnerRights},
    verification::{check::CheckedKey, usage::UseOrigin},
};

/// The key to verify.
#[derive(Debug)]
pub struct VerifyKey {
    /// The key as received. Surrounding white space is ignored.
    pub key: String,
    /// The required permission. `None` checks only whether the key is valid.
    pub permission: Option<Permission>,
}

/// The result of a verification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VerificationCode {
    /// The key is valid and has the required permission.
    Valid,
    /// The key does not exist.
    NotFound,
    /// The key is revoked.
    Revoked,
    /// The key has expired.
    Expired,
    /// The user of the key is no longer a member, or the service account of the key is disabled.
    Disabled,
    /// The key is valid but lacks the required permission.
    InsufficientPermissions,
}

/// The result of a verification. It may contain details of the key, because the caller has the secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// The result.
    pub code: VerificationCode,
    /// The key with its present permissions: those of an application key itself, or of the service account of the key. If
    /// the scope of the key is `read`, only those that read.
    /// The rights of a personal key are those of its user, which are no permissions. `None` if the key does not exist.
    pub key: Option<ApiKey>,
}

impl ApiKeys {
    /// Verifies a key, and records the use if it is valid.
    ///
    /// # Errors
    /// Storage failed.
    pub async fn verify_key(&self, question: VerifyKey) -> Result<Verification, StoreError> {
        let CheckedKey::Known(found, status) = self.check_key(question.key.trim()).await? else {
            return Ok(Verification { code: VerificationCode::NotFound, key: None });
        };
        let FoundKey { stored, rights, .. } = found;
        let mut key = stored.key;
        if let OwnerRights::Permissions(permissions) = rights {
            key.permissions = permissions.unwrap_or_default();
        }
        if key.scope == KeyScope::Read {
            key.permissions = key.permissions.iter().filter(|permission| permission.only_reads()).cloned().collect();
        }
        let code = match status {
            CredentialStatus::Ended => VerificationCode::Revoked,
            CredentialStatus::Expired => VerificationCode::Expired,
            CredentialStatus::Disabled => VerificationCode::Disabled,
            CredentialStatus::Live if question.permission.is_some_and(|wanted| !key.permissions.contains(&wanted)) => {
                VerificationCode::InsufficientPermissions
            }
            CredentialStatus::Live => {
                self.usage.note(key.id, self.ports.system.now(), UseOrigin::default());
                VerificationCode::Valid
            }
        };
        Ok(Verification { code, key: Some(key) })
    }
}
