//! The key with which a caller manages keys. What restricts it also restricts what it can do with keys.

use tessera_kernel::{AccessError, Actor, ApiKeyId, CredentialStatus, OrganizationId, Principal, permit};
use time::OffsetDateTime;

use crate::{
    model::{ApiKey, KeyRestrictions},
    ports::ApiKeyTransaction,
};

/// The key of a caller. `None` for a user who is signed in.
pub(crate) struct UsedKey(Option<ApiKey>);

impl UsedKey {
    pub(crate) const fn id_of(actor: &Actor) -> Option<ApiKeyId> {
        match actor.principal {
            Principal::OrganizationKey { key, .. } => Some(key),
            Principal::User { .. } | Principal::Application { .. } => None,
        }
    }

    /// Locks the key and reads it again, under the lock on the organization. It must still be valid: it may have been
    /// revoked, disabled or restricted since the request was authenticated.
    pub(crate) async fn lock(
        actor: &Actor,
        tx: &mut dyn ApiKeyTransaction,
        organization: OrganizationId,
    ) -> Result<Self, AccessError> {
        let Some(id) = Self::id_of(actor) else { return Ok(Self(None)) };
        let found = tx.keys().lock_key(id).await?;
        let valid = found.filter(|(key, now)| key.validity().at(*now) == CredentialStatus::Live);
        permit(valid.is_some(), organization)?;
        Ok(Self(valid.map(|(key, _)| key)))
    }

    /// Whether the caller may create a key that expires then, see the secret of one, or change its restrictions.
    pub(crate) fn may_manage(&self, expires_at: Option<OffsetDateTime>) -> bool {
        self.0.as_ref().is_none_or(|key| {
            key.restrictions == KeyRestrictions::default()
                && key.expires_at.is_none_or(|own| expires_at.is_some_and(|expires_at| expires_at <= own))
        })
    }

    pub(crate) fn is(&self, other: &ApiKey) -> bool {
        self.0.as_ref().is_some_and(|key| key.id == other.id)
    }
}
