//! The access check of changes, repeated under the lock on the organization.

use tessera_kernel::{AccessError, Acting, ActingParty, Actor, Requirement, Scope, StoreError, permit};

use crate::{ApiKeys, model::ServiceAccountState, ports::ApiKeyTransaction};

/// A caller who meets a requirement, and a transaction that holds the lock on the organization.
pub(crate) struct AuthorizedChange {
    pub(crate) tx: Box<dyn ApiKeyTransaction>,
    pub(crate) acting: Acting,
}

impl ApiKeys {
    /// Requires a caller who meets the requirement, locks the organization, and reads the rights of the caller again. A
    /// change of the membership or of the service account that was committed while this call waited for the lock is seen.
    pub(crate) async fn lock_and_authorize(
        &self,
        actor: &Actor,
        scope: impl Into<Scope>,
        requirement: &Requirement,
    ) -> Result<AuthorizedChange, AccessError> {
        let scope = scope.into();
        let acting = self.ports.memberships.authorize(actor, scope, requirement).await?;
        let mut tx = self.ports.store.begin().await?;
        if !tx.keys().lock(acting.organization).await? {
            return Err(AccessError::NotFound(scope));
        }
        let party = present(&mut *tx, &acting).await?.ok_or(AccessError::NotFound(scope))?;
        permit(party.meets(requirement), acting.organization)?;
        Ok(AuthorizedChange { tx, acting: Acting { party, ..acting } })
    }
}

/// The party with its present rights. `None` if it has none any more.
async fn present(tx: &mut dyn ApiKeyTransaction, acting: &Acting) -> Result<Option<ActingParty>, StoreError> {
    Ok(match &acting.party {
        ActingParty::Member { user, by_key, .. } => {
            let role = tx.keys().role_of(acting.organization, *user).await?;
            role.map(|role| ActingParty::Member { user: *user, role, by_key: *by_key })
        }
        ActingParty::ServiceAccount { account, .. } => {
            let found = tx.service_accounts().find(acting.organization, *account).await?;
            let active = found.filter(|found| found.state == ServiceAccountState::Active);
            active.map(|found| ActingParty::ServiceAccount { account: *account, permissions: found.permissions })
        }
        // No operation of this domain accepts keys of applications.
        ActingParty::Application { .. } => None,
    })
}
