//! The caller's membership.

use tessera_kernel::{OrganizationId, StoreError, UserId};

use crate::{Orgs, model::Membership, ports::OrgTransaction};

impl Orgs {
    /// Returns the caller's membership for an operation that only reads. Like every request inside the organization, it
    /// makes the caller's profile visible to the other members and records that the caller has opened the organization.
    pub(crate) async fn caller_membership(
        &self,
        id: OrganizationId,
        caller: UserId,
    ) -> Result<Option<Membership>, StoreError> {
        let Some(membership) = self.ports.store.find_membership(id, caller).await? else { return Ok(None) };
        self.open_organization(&membership).await?;
        Ok(Some(membership))
    }

    /// Records in a separate transaction that the caller has opened the organization. Once recorded, it causes no
    /// write.
    pub(crate) async fn open_organization(&self, caller: &Membership) -> Result<(), StoreError> {
        if caller.opened_at.is_some() {
            return Ok(());
        }
        let mut tx = self.ports.store.begin().await?;
        tx.memberships().record_opening(caller.organization_id, caller.user_id, self.ports.clock.now()).await?;
        tx.commit().await
    }

    /// Returns the caller's membership for an operation that holds the organization's lock. The profile becomes visible
    /// with the commit, so a rejected operation leaves it hidden.
    pub(crate) async fn locked_caller(
        &self,
        tx: &mut dyn OrgTransaction,
        id: OrganizationId,
        caller: UserId,
    ) -> Result<Option<Membership>, StoreError> {
        let Some(membership) = tx.memberships().find(id, caller).await? else { return Ok(None) };
        if membership.opened_at.is_none() {
            tx.memberships().record_opening(id, caller, self.ports.clock.now()).await?;
        }
        Ok(Some(membership))
    }
}
