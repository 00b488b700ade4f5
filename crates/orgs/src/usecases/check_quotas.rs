//! The quotas of members and of owned organizations.

use tessera_kernel::{OrganizationId, QuotaExceeded, Role, StoreError, UserId};

use crate::{Orgs, ports::OrgTransaction};

impl Orgs {
    /// Checks that the organization has room for another member, and that the user may own another organization if the
    /// role is owner. The caller holds the lock on the organization.
    pub(crate) async fn check_new_member<E>(
        &self,
        tx: &mut dyn OrgTransaction,
        organization: OrganizationId,
        user: UserId,
        role: Role,
    ) -> Result<(), E>
    where
        E: From<StoreError> + From<QuotaExceeded>,
    {
        if self.quotas.members.maximum().is_some() {
            self.quotas.members.admit(tx.memberships().count(organization).await?)?;
        }
        if role == Role::Owner {
            self.check_new_owner::<E>(tx, user).await?;
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
