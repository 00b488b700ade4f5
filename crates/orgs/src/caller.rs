//! The caller's access to an organization.

use tessera_kernel::{
    AccessError, ActingParty, Actor, OrganizationId, Requirement, Role, StoreError, idempotent_request, permit,
};

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

/// An organization whose lock a transaction holds, and the party that calls.
pub(crate) struct AuthorizedChange {
    /// The transaction that holds the lock.
    pub(crate) tx: Box<dyn OrgTransaction>,
    pub(crate) organization: Organization,
    pub(crate) party: ActingParty,
}

impl Orgs {
    /// Requires a user or a key that meets the requirement, for an operation that only reads. For a user, it does the
    /// same as [`Self::require`].
    pub(crate) async fn authorize(
        &self,
        actor: &Actor,
        id: OrganizationId,
        requirement: &Requirement,
    ) -> Result<ActingParty, AccessError> {
        if actor.user().is_none() {
            return Ok(actor.authorize_key(id, requirement)?.party);
        }
        let own = self.require(actor, id, requirement.role).await?;
        Ok(ActingParty::Member { user: own.user_id, role: own.role, by_key: false })
    }

    /// Locks the organization and then requires a user or a key that meets the requirement. The role of a user is read
    /// under the lock, that of the user of a personal key too.
    pub(crate) async fn lock_and_authorize(
        &self,
        actor: &Actor,
        id: OrganizationId,
        requirement: &Requirement,
    ) -> Result<AuthorizedChange, AccessError> {
        if actor.user().is_some() {
            let LockedOrganization { tx, organization, own } = self.lock_and_meet(actor, id, requirement).await?;
            let party = ActingParty::Member { user: own.user_id, role: own.role, by_key: false };
            return Ok(AuthorizedChange { tx, organization, party });
        }
        let mut party = actor.authorize_key(id, requirement)?.party;
        let mut tx = self.ports.store.begin().await?;
        let organization = tx.organizations().lock(id).await?.ok_or(AccessError::not_found(id))?;
        if let ActingParty::Member { user, role, .. } = &mut party {
            let own = tx.memberships().find(id, *user).await?.ok_or(AccessError::not_found(id))?;
            *role = own.role;
            permit(own.role >= requirement.role, id)?;
        }
        Ok(AuthorizedChange { tx, organization, party })
    }

    /// Requires a member with at least that role, for an operation that only reads, and returns the membership. Like
    /// every request inside the organization, it makes the caller's profile visible to the other members and records
    /// that the caller has opened the organization.
    pub(crate) async fn require(
        &self,
        actor: &Actor,
        id: OrganizationId,
        lowest: Role,
    ) -> Result<Membership, AccessError> {
        Ok(self.require_and_find(actor, id, lowest).await?.1)
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
        actor.require_mfa(organization.mfa_required, id)?;
        permit(own.role >= lowest, id)?;
        Ok((organization, own))
    }

    /// Requires an organization key that meets the requirement, and returns its organization with the role of the user
    /// of a personal key.
    pub(crate) async fn find_by_key(
        &self,
        actor: &Actor,
        id: OrganizationId,
        requirement: &Requirement,
    ) -> Result<(Organization, Option<Role>), AccessError> {
        let party = actor.authorize_key(id, requirement)?.party;
        let found = self.ports.store.find_organization_by_id(id).await?;
        Ok((found.ok_or(AccessError::not_found(id))?, party.role()))
    }

    /// Locks the organization and then requires a member with at least that role, because the role may have changed
    /// before the lock. The profile becomes visible with the commit, so a rejected operation leaves it hidden.
    pub(crate) async fn lock_and_require(
        &self,
        actor: &Actor,
        id: OrganizationId,
        lowest: Role,
    ) -> Result<LockedOrganization, AccessError> {
        self.lock_and_meet(actor, id, &Requirement::write_by_users(lowest)).await
    }

    async fn lock_and_meet(
        &self,
        actor: &Actor,
        id: OrganizationId,
        requirement: &Requirement,
    ) -> Result<LockedOrganization, AccessError> {
        let user = actor.user().ok_or(AccessError::not_found(id))?;
        let mut tx = self.ports.store.begin().await?;
        let organization = tx.organizations().lock(id).await?.ok_or(AccessError::not_found(id))?;
        let own = tx.memberships().find(id, user).await?.ok_or(AccessError::not_found(id))?;
        if own.opened_at.is_none() {
            tx.memberships().record_opening(id, user, self.ports.system.now()).await?;
        }
        actor.require_mfa(organization.mfa_required && !requirement.without_mfa, id)?;
        permit(own.role >= requirement.role, id)?;
        Ok(LockedOrganization { tx, organization, own })
    }

    /// Records in a separate transaction that the caller has opened the organization. Once recorded, it causes no
    /// write.
    async fn open_organization(&self, caller: &Membership) -> Result<(), StoreError> {
        if caller.opened_at.is_some() {
            return Ok(());
        }
        idempotent_request::preparing(async {
            let mut tx = self.ports.store.begin().await?;
            tx.memberships().record_opening(caller.organization_id, caller.user_id, self.ports.system.now()).await?;
            tx.commit().await
        })
        .await
    }
}
