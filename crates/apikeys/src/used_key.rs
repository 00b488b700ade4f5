//! The key with which a caller manages keys. What restricts it also restricts what it can grant.

use tessera_kernel::{AccessError, Actor, OrganizationId, Principal, permit};
use time::OffsetDateTime;

use crate::{
    model::{ApiKey, KeyRestrictions},
    ports::ApiKeyTransaction,
};

/// The key of a caller. `None` for a user who is signed in.
pub(crate) struct UsedKey(Option<ApiKey>);

impl UsedKey {
    /// Reads the key again, under the lock on the organization: it may have been restricted or revoked meanwhile.
    pub(crate) async fn of(
        actor: &Actor,
        tx: &mut dyn ApiKeyTransaction,
        organization: OrganizationId,
    ) -> Result<Self, AccessError> {
        let Principal::OrganizationKey { key, .. } = actor.principal else { return Ok(Self(None)) };
        let found = tx.keys().lock_key(key).await?.map(|(key, _)| key).filter(|key| key.revoked_at().is_none());
        permit(found.is_some(), organization)?;
        Ok(Self(found))
    }

    /// Whether it may create a key that expires then, or see the secret of such a key.
    pub(crate) fn may_reveal(&self, expires_at: Option<OffsetDateTime>) -> bool {
        self.may_restrict() && self.expiry().is_none_or(|own| expires_at.is_some_and(|expires_at| expires_at <= own))
    }

    /// Whether it may change the restrictions of keys. A key that has some could remove its own.
    pub(crate) fn may_restrict(&self) -> bool {
        self.0.as_ref().is_none_or(|key| key.restrictions == KeyRestrictions::default())
    }

    /// Whether it is this key.
    pub(crate) fn is(&self, other: &ApiKey) -> bool {
        self.0.as_ref().is_some_and(|key| key.id == other.id)
    }

    fn expiry(&self) -> Option<OffsetDateTime> {
        self.0.as_ref().and_then(|key| key.expires_at)
    }
}
