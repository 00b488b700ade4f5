//! Changes of a key.

use tessera_kernel::{AccessError, Actor, ApiKeyId, Permission, StoreError, permit};

use time::Duration;

use super::access::{LockedKey, require_not_revoked, require_rights_of};
use crate::{
    ApiKeys, KeyError,
    application_keys::generate::{UnknownPermissions, among},
    events::KeyEvent,
    model::{
        AllowedAddresses, ApiKey, KeyDescription, KeyLimits, KeyState, Refill, RefillWithoutUses, UseCount, UseLimit,
    },
};

/// The changes of a key. `None` leaves a value as it is, `Some(None)` removes it.
#[derive(Debug, Default)]
pub struct EditKey {
    /// The purpose.
    pub description: Option<Option<KeyDescription>>,
    /// The permissions of an application key, which replace all present ones.
    pub permissions: Option<Vec<Permission>>,
    /// Whether the key can be used.
    pub enabled: Option<bool>,
    /// The addresses from which the key can be used, which replace all present ones.
    pub allowed_addresses: Option<AllowedAddresses>,
    /// The limits, which replace all present ones. A limit that keeps its name keeps the count of the open window.
    pub limits: Option<KeyLimits>,
    /// The remaining uses from now on. `Some(None)` removes this limit and its refill.
    pub remaining_uses: Option<Option<UseCount>>,
    /// The refill of the remaining uses.
    pub refill: Option<Option<Refill>>,
}

tessera_kernel::error_enum! {
    /// Why a key was not changed.
    pub enum EditKeyError {
        /// The rights of an organization key are those of its owner, so it has no permissions of its own.
        #[error("an organization key has no permissions of its own")]
        NoPermissions,
    }
    from
        RefillWithoutUses(RefillWithoutUses), Key(KeyError), UnknownPermissions(UnknownPermissions), Access(AccessError), Store(StoreError)
}

impl ApiKeys {
    /// Changes a key that is not revoked. When this returns, this node applies the change, and all others do so within a
    /// second.
    ///
    /// # Errors
    /// The key is not visible to the actor or revoked, the rights of the actor are too low or lower than those of the key
    /// before or after the change, a value is not acceptable, or storage failed.
    pub async fn edit_key(&self, actor: &Actor, id: ApiKeyId, change: EditKey) -> Result<ApiKey, EditKeyError> {
        let (LockedKey { mut tx, key: before, .. }, key) = self.lock_edited(actor, id, change).await?;
        if key != before {
            // The caller holds the lock on the key, so it is not revoked.
            tx.keys().update(&key).await?;
            tx.events().append(&self.event(actor, KeyEvent::Updated { before: &before, after: &key })).await?;
            tx.commit().await?;
        }
        Ok(key)
    }

    /// Checks a change as [`Self::edit_key`] does, for a request that is invalid for another reason. It changes nothing.
    ///
    /// # Errors
    /// Those of [`Self::edit_key`].
    pub async fn check_edit(&self, actor: &Actor, id: ApiKeyId, change: EditKey) -> Result<(), EditKeyError> {
        self.lock_edited(actor, id, change).await.map(drop)
    }

    /// Locks a key for a caller who may change it, and returns the key with the changes too.
    async fn lock_edited(
        &self,
        actor: &Actor,
        id: ApiKeyId,
        change: EditKey,
    ) -> Result<(LockedKey, ApiKey), EditKeyError> {
        let mut locked = self.lock_key(actor, id).await?;
        let LockedKey { tx, party, caller_key, key: before, now } = &mut locked;
        let now = *now;
        require_rights_of(&mut **tx, party, before).await?;
        require_not_revoked(before)?;
        let mut key = before.clone();
        if let Some(requested) = change.permissions {
            let application = key.application().ok_or(EditKeyError::NoPermissions)?;
            let known = self.catalogue.union(&tx.keys().declared_permissions(application).await?);
            let requested = among(&known, &self.catalogue, &requested)?;
            permit(party.has_all(&requested), key.organization_id)?;
            key.permissions = requested;
        }
        key.description = change.description.unwrap_or(key.description);
        key.state = match (change.enabled, key.state) {
            (Some(true), _) => KeyState::Active,
            (Some(false), KeyState::Active) => KeyState::Disabled { at: now },
            (Some(false) | None, state) => state,
        };
        let restrictions = &mut key.restrictions;
        restrictions.allowed_addresses = change.allowed_addresses.unwrap_or(restrictions.allowed_addresses.clone());
        restrictions.limits = change.limits.unwrap_or(restrictions.limits.clone());
        let uses = match change.remaining_uses {
            Some(remaining) => remaining.map(|remaining| {
                let refill = restrictions.uses.and_then(|uses| uses.refill);
                // Always later than before: it tells nodes that what they hold belongs to the replaced number.
                let least = restrictions.uses.map_or(now, |uses| uses.since + Duration::MICROSECOND);
                UseLimit { remaining, since: now.max(least), refill }
            }),
            None => restrictions.uses,
        };
        restrictions.uses = match (uses, change.refill) {
            (None, Some(Some(_))) => return Err(RefillWithoutUses.into()),
            (uses, None) => uses,
            // The first refill happens at the start of the next interval.
            (uses, Some(refill)) => uses.map(|uses| {
                let uses = uses.at(now);
                let since = refill.map_or(uses.since, |refill| uses.since.max(refill.interval.start(now)));
                UseLimit { since, refill, ..uses }
            }),
        };
        if (&key.state, &key.restrictions) != (&before.state, &before.restrictions) {
            permit(caller_key.may_manage(key.expires_at), key.organization_id)?;
        }
        Ok((locked, key))
    }
}
