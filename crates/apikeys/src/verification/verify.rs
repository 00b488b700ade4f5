//! Verification of API keys for other services.

use std::net::IpAddr;

use futures_util::{StreamExt, stream};
use tessera_kernel::{Actor, CredentialStatus, KeyScope, Permission, PermissionSet, StoreError};
use time::{Duration, OffsetDateTime};

use crate::{
    ApiKeys,
    model::{ApiKey, FoundKey, OwnerRights, UseCost},
    policy,
    verification::{
        charge::{Admission, Charge, LimitState},
        check::CheckedKey,
        code::VerificationCode,
        explain::{Check, checks},
        usage::UseOrigin,
    },
};

/// A key to verify.
#[derive(Debug, Clone, Default)]
pub struct VerifyKey {
    /// The key as received. Surrounding white space is ignored.
    pub key: String,
    /// The required permissions. If there are none, only the state of the key is checked.
    pub permissions: Vec<Permission>,
}

/// The cost and the client of a verification. They are the same for all keys of a batch.
#[derive(Debug, Clone, Copy, Default)]
pub struct VerifiedUse<'a> {
    /// What the use is charged with.
    pub cost: UseCost,
    /// The address of the client that presented the key. `None` if it is unknown.
    pub address: Option<IpAddr>,
    /// The caller that requested the checks, and gets them if it may read the key.
    pub explain_to: Option<&'a Actor>,
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
    /// When the presented secret expires. `None` if it never does, or the key does not exist.
    pub expires_at: Option<OffsetDateTime>,
    /// The limits of the key after this use. Empty if the use was rejected before they were read.
    pub limits: Vec<LimitState>,
    /// The uses that are left, as far as this node knows. `None` if their number is not limited, or if the use was rejected
    /// before it was read.
    pub remaining_uses: Option<u32>,
    /// How long the caller may use a valid result again.
    pub cacheable_for: Duration,
    /// All checks in their order. `None` if the caller did not want them or may not read the key.
    pub checks: Option<Vec<Check>>,
}

impl Verification {
    /// How long a valid result may be used again if nothing else limits it. A revocation takes effect on all nodes within the
    /// same time.
    pub const CACHEABLE: Duration = Duration::SECOND;

    /// The result for a text that is not a key.
    #[must_use]
    pub const fn not_found() -> Self {
        Self {
            code: VerificationCode::NotFound,
            key: None,
            expires_at: None,
            limits: Vec::new(),
            remaining_uses: None,
            cacheable_for: Duration::ZERO,
            checks: None,
        }
    }
}

/// How many keys of a batch are verified at the same time.
const AT_ONCE: usize = 8;

impl ApiKeys {
    /// The highest number of keys in one batch.
    pub const MAX_VERIFIED: usize = 100;

    /// Verifies keys, in the given order.
    ///
    /// # Errors
    /// Storage failed. Some of the uses may have been charged.
    pub async fn verify_keys(
        &self,
        questions: Vec<VerifyKey>,
        used: VerifiedUse<'_>,
    ) -> Result<Vec<Verification>, StoreError> {
        let verifications = questions.into_iter().map(|question| self.verify_key(question, used));
        // All of them, also after a failure: a verification that ends in the middle may lose what it has taken of a limit.
        let verified: Vec<Result<Verification, StoreError>> =
            stream::iter(verifications).buffered(AT_ONCE).collect().await;
        verified.into_iter().collect()
    }

    /// Verifies a key. If it is valid, charges its limits and records the use. A rejected use is not charged.
    ///
    /// # Errors
    /// Storage failed. The use may have been charged.
    pub async fn verify_key(&self, question: VerifyKey, used: VerifiedUse<'_>) -> Result<Verification, StoreError> {
        let (mut found, status) = match self.check_key(question.key.trim()).await? {
            CheckedKey::Known(found, status) => (found, status),
            CheckedKey::Malformed | CheckedKey::Unknown => return Ok(Verification::not_found()),
        };
        found.stored.key.permissions = present_permissions(&found);
        let mut charge = Charge::default();
        let mut code = state_code(&found, status, &question.permissions, used.address);
        if code == VerificationCode::Valid {
            charge = self.charge(&found.stored.key, used.cost).await?;
            code = match charge.admission() {
                Admission::Admitted => VerificationCode::Valid,
                Admission::RateLimited(_) => VerificationCode::RateLimited,
                Admission::UsageExceeded => VerificationCode::UsageExceeded,
            };
        }
        let mut cacheable_for = Duration::ZERO;
        if code == VerificationCode::Valid {
            // Without the address, which only the caller states.
            let (id, secret) = (found.stored.key.id, found.stored.hash);
            self.usage.note(id, secret, self.ports.system.now(), UseOrigin::default());
            cacheable_for = cacheable(&found);
        }
        let explained = match used.explain_to {
            Some(actor) if self.may_read(actor, &found.stored.key).await? => {
                Some(checks(&found, &question.permissions, used.address, &charge))
            }
            _ => None,
        };
        Ok(Verification {
            code,
            expires_at: found.expires_at(),
            key: Some(found.stored.key),
            limits: charge.limits,
            remaining_uses: charge.remaining_uses,
            cacheable_for,
            checks: explained,
        })
    }

    /// Whether an administrator or owner of the organization of the key, or a key with that right, asks.
    async fn may_read(&self, actor: &Actor, key: &ApiKey) -> Result<bool, StoreError> {
        match self.ports.memberships.authorize(actor, key.organization_id, &policy::READ_KEYS).await {
            Ok(_) => Ok(true),
            Err(tessera_kernel::AccessError::Store(error)) => Err(error),
            Err(_) => Ok(false),
        }
    }
}

/// The permissions that the key has now.
fn present_permissions(found: &FoundKey) -> PermissionSet {
    let key = &found.stored.key;
    let permissions = match &found.rights {
        OwnerRights::Permissions(permissions) => permissions.clone().unwrap_or_default(),
        OwnerRights::OfKey | OwnerRights::Role(_) => key.permissions.clone(),
    };
    if key.scope == KeyScope::ReadWrite {
        return permissions;
    }
    permissions.iter().filter(|permission| permission.only_reads()).cloned().collect()
}

/// The result without the limits.
fn state_code(
    found: &FoundKey,
    status: CredentialStatus,
    required: &[Permission],
    address: Option<IpAddr>,
) -> VerificationCode {
    let key = &found.stored.key;
    match status {
        CredentialStatus::Ended => VerificationCode::Revoked,
        CredentialStatus::Expired => VerificationCode::Expired,
        CredentialStatus::Disabled => VerificationCode::Disabled,
        CredentialStatus::Live if required.iter().any(|required| !key.permissions.contains(required)) => {
            VerificationCode::InsufficientPermissions
        }
        CredentialStatus::Live if !key.restrictions.allowed_addresses.admit(address) => {
            VerificationCode::AddressNotAllowed
        }
        CredentialStatus::Live => VerificationCode::Valid,
    }
}

/// How long a valid result may be used again: not at all if each use counts, and never beyond the expiry.
fn cacheable(found: &FoundKey) -> Duration {
    let restrictions = &found.stored.key.restrictions;
    if !restrictions.limits.is_empty() || restrictions.uses.is_some() {
        return Duration::ZERO;
    }
    let rest = found.expires_at().map_or(Verification::CACHEABLE, |expiry| expiry - found.at);
    rest.min(Verification::CACHEABLE)
}
