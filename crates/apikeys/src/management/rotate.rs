//! Rotation: a new secret for a key, while the previous one stays valid for a time.

use tessera_kernel::{AccessError, ActingParty, Actor, ApiKeyId, StoreError, permit};
use time::{Duration, OffsetDateTime};

use super::access::{LockedKey, require_not_revoked};
use crate::{
    ApiKeys, KeyError,
    events::KeyEvent,
    model::{ApiKey, KeyOwner, KeySecret, OverlapSeconds, RawKey},
    policy,
};

tessera_kernel::error_enum! {
    /// Why a key was not rotated.
    pub enum RotateKeyError {
        /// The previous secret of the key is still valid, and a key has at most two valid secrets.
        #[error("the previous secret of the key is valid until {until}")]
        InProgress {
            /// When it expires.
            until: OffsetDateTime,
        },
        /// The key has expired, so that a new secret would not be valid.
        #[error("the key has expired")]
        Expired,
    }
    from
        Key(KeyError), Access(AccessError), Store(StoreError)
}

/// The result of a rotation.
#[derive(Debug)]
pub struct RotatedKey {
    /// The key. It keeps its id, its permissions, its limits and its usage.
    pub key: ApiKey,
    /// The new secret. Only this value contains it.
    pub raw: RawKey,
    /// When the previous secret stops being valid.
    pub previous_expires_at: OffsetDateTime,
}

impl ApiKeys {
    /// Gives a key a new secret. The previous one stays valid until the overlap ends. The user who rotates the key gets a
    /// mail.
    ///
    /// # Errors
    /// The key is not visible to the actor, revoked or expired, the actor may not create such a key, the previous rotation
    /// has not ended, or storage failed.
    pub async fn rotate_key(
        &self,
        actor: &Actor,
        id: ApiKeyId,
        overlap: OverlapSeconds,
    ) -> Result<RotatedKey, RotateKeyError> {
        let LockedKey { mut tx, party, caller_key, mut key, now } = self.lock_key(actor, id).await?;
        permit(may_rotate(&party, &key), key.organization_id)?;
        // A key keeps its restrictions if it rotates itself.
        permit(caller_key.is(&key) || caller_key.may_manage(key.expires_at), key.organization_id)?;
        require_not_revoked(&key)?;
        if key.expires_at.is_some_and(|expiry| expiry <= now) {
            return Err(RotateKeyError::Expired);
        }
        if let Some(previous) = &key.previous
            && previous.expires_at > now
        {
            return Err(RotateKeyError::InProgress { until: previous.expires_at });
        }
        let raw = RawKey::generate(key.kind(), &*self.ports.system.entropy);
        let hash = self.ports.digest.digest(raw.expose());
        let overlap_end = now + Duration::seconds(i64::from(overlap.get()));
        // No secret outlives its key.
        let previous_expires_at = key.expires_at.map_or(overlap_end, |expiry| overlap_end.min(expiry));
        let secret = KeySecret { hash, key_prefix: raw.shown().to_owned(), created_at: now };
        tx.keys().rotate(id, &secret, previous_expires_at).await?;
        key.rotate(&secret, previous_expires_at);
        tx.events().append(&self.event(actor, KeyEvent::Rotated(&key))).await?;
        self.notify_creator(&mut *tx, &key, party.user()).await?;
        tx.commit().await?;
        Ok(RotatedKey { key, raw, previous_expires_at })
    }

    /// Ends the validity of the previous secret of a key. When this returns, this node rejects it, and all others do so
    /// within a second. Repeating the call changes nothing.
    ///
    /// # Errors
    /// The key is not visible to the actor or revoked, the rights of the actor are too low, or storage failed.
    pub async fn finish_rotation(&self, actor: &Actor, id: ApiKeyId) -> Result<ApiKey, KeyError> {
        let LockedKey { mut tx, mut key, now, .. } = self.lock_key(actor, id).await?;
        require_not_revoked(&key)?;
        let Some(previous) = key.previous.as_mut().filter(|previous| previous.expires_at > now) else { return Ok(key) };
        previous.expires_at = now;
        tx.keys().end_previous_secret(id, now).await?;
        tx.events().append(&self.event(actor, KeyEvent::RotationFinished(&key))).await?;
        tx.commit().await?;
        Ok(key)
    }
}

/// A rotation shows the new secret, so it requires the right to create such a key.
fn may_rotate(party: &ActingParty, key: &ApiKey) -> bool {
    match key.owner {
        KeyOwner::Application(_) => party.has_all(&key.permissions),
        KeyOwner::User(user) => party.user() == Some(user),
        KeyOwner::ServiceAccount(account) => policy::may_create_for(party, account),
    }
}
