//! The quotas of members and of owned organizations.

use tessera_kernel::{OrganizationId, QuotaExceeded, Role, StoreError, UserId};
use time::OffsetDateTime;

use crate::{Orgs, ports::OrgTransaction};

impl Orgs {
    /// Checks that the organization has room for another member, and that the user may own another organization if the
    /// role is owner. The caller holds the lock on the organization. `storage_time` is the time of the storage's clock.
    pub(crate) async fn check_new_member<E>(
        &self,
        tx: &mut dyn OrgTransaction,
        organization: OrganizationId,
        user: UserId,
        role: Role,
        storage_time: OffsetDateTime,
    ) -> Result<(), E>
    where
        E: From<StoreError> + From<QuotaExceeded>,
    {
        self.check_member_quota::<E>(tx, organization, storage_time).await?;
        if role == Role::Owner {
            self.check_new_owner::<E>(tx, user).await?;
        }
        Ok(())
    }

    /// Checks that the organization has room for another member. The caller holds the lock on the organization.
    ///
    /// A claimed invitation takes a place like a member: its account is being created, which must not be in vain.
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

    /// Checks that the user may own another organization. Locks the user until the transaction ends: two organizations
    /// can gain the same owner at once. Every transaction that also locks an organization locks it first.
    pub(crate) async fn check_new_owner<E>(&self, tx: &mut dyn OrgTransaction, user: UserId) -> Result<(), E>
    where
        E: From<StoreError> + From<QuotaExceeded>,
    {
        if self.quotas.owned_organizations.maximum().is_some() {
            let owned = tx.memberships().lock_and_count_owned(user).await?;
            self.quotas.owned_organizations.admit(owned)?;
        }
        Ok(())
    }
}
