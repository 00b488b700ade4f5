//! The quotas of members and of owned organizations.

use tessera_kernel::{OrganizationId, QuotaExceeded, Role, StoreError};
use time::OffsetDateTime;

use crate::{Orgs, model::Membership, ports::OrgTransaction};

impl Orgs {
    /// Checks that the organization has room for the new member, and that the user may own another organization if the
    /// role is owner. The caller holds the lock on the organization. `storage_time` is the time of the storage's clock.
    pub(crate) async fn check_new_member<E>(
        &self,
        tx: &mut dyn OrgTransaction,
        new: &Membership,
        storage_time: OffsetDateTime,
    ) -> Result<(), E>
    where
        E: From<StoreError> + From<QuotaExceeded>,
    {
        self.check_member_quota::<E>(tx, new.organization_id, storage_time).await?;
        if new.role == Role::Owner {
            self.check_new_owner::<E>(tx, new).await?;
        }
        Ok(())
    }

    /// Checks that the organization has room for another member. The caller holds the lock on the organization.
    ///
    /// A claimed invitation counts like a member, so that its user can join after the account is created.
    pub(crate) async fn check_member_quota<E>(
        &self,
        tx: &mut dyn OrgTransaction,
        organization: OrganizationId,
        storage_time: OffsetDateTime,
    ) -> Result<(), E>
    where
        E: From<StoreError> + From<QuotaExceeded>,
    {
        if self.quotas.members.maximum().is_some() {
            let members = tx.memberships().count(organization).await?;
            let claims = tx.invitations().count_claimed(organization, storage_time).await?;
            self.quotas.members.admit(members + claims)?;
        }
        Ok(())
    }

    /// Checks that the user of the membership may own another organization. Locks the user until the transaction ends:
    /// two organizations can gain the same owner at once. Every transaction that also locks an organization locks it
    /// first.
    ///
    /// Organizations that the user has not opened count separately. Otherwise other users could exhaust the quota by
    /// making the user an owner of their organizations.
    pub(crate) async fn check_new_owner<E>(&self, tx: &mut dyn OrgTransaction, new: &Membership) -> Result<(), E>
    where
        E: From<StoreError> + From<QuotaExceeded>,
    {
        if self.quotas.owned_organizations.maximum().is_some() {
            let owned = tx.memberships().lock_and_count_owned(new.user_id, new.opened_at.is_some()).await?;
            self.quotas.owned_organizations.admit(owned)?;
        }
        Ok(())
    }
}
