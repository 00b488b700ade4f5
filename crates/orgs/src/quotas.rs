//! How many organizations a user owns, and how much an organization contains.

use tessera_kernel::{OrganizationId, Quota, QuotaExceeded, Role, StoreError, UserId};

use crate::{Orgs, ports::OrgTransaction};

/// The quotas of this domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrgQuotas {
    /// Organizations that one user owns, alone or with others.
    pub owned_organizations: Quota,
    /// Members of one organization.
    pub members: Quota,
    /// Open invitations of one organization. Expired ones do not count.
    pub open_invitations: Quota,
}

impl Default for OrgQuotas {
    fn default() -> Self {
        Self {
            owned_organizations: Quota::new("owned_organizations", 100),
            members: Quota::new("members", 10_000),
            open_invitations: Quota::new("open_invitations", 1_000),
        }
    }
}

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
