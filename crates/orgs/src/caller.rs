//! The caller's access to an organization.

use tessera_kernel::{AccessError, Actor, OrganizationId, Role, StoreError, permit};

use crate::{
    Orgs,
    model::{Membership, Organization},
    ports::OrgTransaction,
};

/// An organization whose lock a transaction holds, and the membership of the caller.
pub(crate) struct LockedOrganization {
    /// The transaction that holds the lock.
    pub(crate) tx: Box<dyn OrgTransaction>,
    pub(crate) organization: Organization,
    pub(crate) own: Membership,
}

impl Orgs {
    /// Requires a member with at least that role, for an operation that only reads, and returns the membership. Like
    /// every request inside the organization, it makes the caller's profile visible to the other members and records
    /// that the caller has opened the organization.
    pub(crate) async fn require(
        &self,
        actor: &Actor,
        id: OrganizationId,
        lowest: Role,
    ) -> Result<Membership, AccessError> {
        let user = actor.user().ok_or(AccessError::not_found(id))?;
        let own = self.ports.store.find_membership(id, user).await?.ok_or(AccessError::not_found(id))?;
        self.open_organization(&own).await?;
        permit(own.role >= lowest, id)?;
        Ok(own)
    }

    /// Does the same as [`Self::require`], and returns the organization too.
    pub(crate) async fn require_and_find(
        &self,
        actor: &Actor,
        id: OrganizationId,
        lowest: Role,
    ) -> Result<(Organization, Membership), AccessError> {
        let user = actor.user().ok_or(AccessError::not_found(id))?;
        let found = self.ports.store.find_organization(id, user).await?;
        let (organization, own) = found.ok_or(AccessError::not_found(id))?;
        self.open_organization(&own).await?;
        permit(own.role >= lowest, id)?;
        Ok((organization, own))
    }

    /// Locks the organization and then requires a member with at least that role, because the role may have changed
    /// before the lock. The profile becomes visible with the commit, so a rejected operation leaves it hidden.
    pub(crate) async fn lock_and_require(
        &self,
        actor: &Actor,
        id: OrganizationId,
        lowest: Role,
    ) -> Result<LockedOrganization, AccessError> {
        let user = actor.user().ok_or(AccessError::not_found(id))?;
        let mut tx = self.ports.store.begin().await?;
        let organization = tx.organizations().lock(id).await?.ok_or(AccessError::not_found(id))?;
        let own = tx.memberships().find(id, user).await?.ok_or(AccessError::not_found(id))?;
        if own.opened_at.is_none() {
            tx.memberships().record_opening(id, user, self.ports.system.now()).await?;
        }
        permit(own.role >= lowest, id)?;
        Ok(LockedOrganization { tx, organization, own })
    }

    /// Records in a separate transaction that the caller has opened the organization. Once recorded, it causes no
    /// write.
    async fn open_organization(&self, caller: &Membership) -> Result<(), StoreError> {
        if caller.opened_at.is_some() {
            return Ok(());
        }
        let mut tx = self.ports.store.begin().await?;
        tx.memberships().record_opening(caller.organization_id, caller.user_id, self.ports.system.now()).await?;
        tx.commit().await
    }
}
