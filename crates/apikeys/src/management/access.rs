//! Who may do what with one key.

use tessera_kernel::{AccessError, ActingParty, Actor, ApiKeyId, Requirement, Role, permit};
use time::OffsetDateTime;

use crate::{
    ApiKeys, KeyError,
    lock::AuthorizedChange,
    model::{ApiKey, KeyOwner, KeyState},
    policy,
    ports::ApiKeyTransaction,
    used_key::UsedKey,
};

/// A key that its caller may manage, and a transaction that holds the locks on the organization and on the key.
pub(super) struct LockedKey {
    pub(super) tx: Box<dyn ApiKeyTransaction>,
    pub(super) party: ActingParty,
    pub(super) caller_key: UsedKey,
    pub(super) key: ApiKey,
    /// The time by the clock of the storage, which decides when secrets and refills begin and end on every node.
    pub(super) now: OffsetDateTime,
}

/// The response must not reveal that a key exists in an organization to which the caller has no access.
fn hidden(error: AccessError) -> KeyError {
    match error {
        AccessError::NotFound(_) => KeyError::NotFound,
        error => error.into(),
    }
}

impl ApiKeys {
    /// Returns a key for a caller who meets the requirement for keys of its owner, and sees this one.
    pub(super) async fn visible_key(
        &self,
        actor: &Actor,
        id: ApiKeyId,
        requirement: fn(KeyOwner) -> Requirement,
    ) -> Result<ApiKey, KeyError> {
        let key = self.ports.store.find_key(id).await?.ok_or(KeyError::NotFound)?;
        let organization = key.organization_id;
        let authorized = self.ports.memberships.authorize(actor, organization, &requirement(key.owner)).await;
        permit(policy::sees(&authorized.map_err(hidden)?.party, key.owner), organization)?;
        Ok(key)
    }

    /// Locks a key for a caller who may write keys of its kind and see this one.
    pub(super) async fn lock_key(&self, actor: &Actor, id: ApiKeyId) -> Result<LockedKey, KeyError> {
        let key = self.ports.store.find_key(id).await?.ok_or(KeyError::NotFound)?;
        let (organization, requirement) = (key.organization_id, policy::writing(key.owner));
        let locked = self.lock_and_authorize(actor, organization, &requirement).await;
        let AuthorizedChange { mut tx, acting } = locked.map_err(hidden)?;
        permit(policy::sees(&acting.party, key.owner), organization)?;
        // In the order of their ids, in which the last uses of keys are recorded, so that both cannot wait for each other.
        let caller_key = match UsedKey::id_of(actor) {
            Some(own) if own < id => Some(UsedKey::lock(actor, &mut *tx, organization).await?),
            _ => None,
        };
        let (key, now) = tx.keys().lock_key(id).await?.ok_or(KeyError::NotFound)?;
        let caller_key = match caller_key {
            Some(caller_key) => caller_key,
            None => UsedKey::lock(actor, &mut *tx, organization).await?,
        };
        Ok(LockedKey { tx, party: acting.party, caller_key, key, now })
    }
}

/// Requires that the key is not revoked. It comes after the check of the rights.
pub(super) const fn require_not_revoked(key: &ApiKey) -> Result<(), KeyError> {
    match key.state {
        KeyState::Revoked { .. } => Err(KeyError::Revoked),
        KeyState::Active | KeyState::Disabled { .. } => Ok(()),
    }
}

/// Requires that the rights of the key are not greater than those of the caller.
pub(super) async fn require_rights_of(
    tx: &mut dyn ApiKeyTransaction,
    party: &ActingParty,
    key: &ApiKey,
) -> Result<(), KeyError> {
    let organization = key.organization_id;
    let allowed = match key.owner {
        KeyOwner::Application(_) => party.has_all(&key.permissions),
        KeyOwner::User(user) => {
            let role = tx.keys().role_of(organization, user).await?;
            policy::may_edit_personal(party, user, role.unwrap_or(Role::Member))
        }
        KeyOwner::ServiceAccount(account) => policy::may_create_for(party, account),
    };
    permit(allowed, organization)?;
    Ok(())
}
