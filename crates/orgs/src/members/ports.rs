//! Ports of members: memberships and departures in a transaction, and the profiles of users.

use async_trait::async_trait;
use tessera_kernel::{EmailAddress, OrganizationId, Role, StoreError, UserId};
use time::OffsetDateTime;

use super::model::{Member, Membership, Profile};

/// Memberships, in a transaction.
#[async_trait]
pub trait MembershipRows: Send {
    /// Inserts a membership. Fails with a conflict on `memberships_organization_id_user_id` if the user is already a
    /// member, and on [`StoreError::REFERENCE`] if the user or the organization does not exist.
    async fn insert(&mut self, membership: &Membership) -> Result<(), StoreError>;

    /// Finds a membership. Returns `Ok(None)` if there is none.
    async fn find(&mut self, id: OrganizationId, user: UserId) -> Result<Option<Membership>, StoreError>;

    /// Finds the membership of the user whose account has that address, verified or not. The comparison ignores case.
    /// Returns `Ok(None)` if no account has the address, or its user is not a member.
    async fn find_by_email(
        &mut self,
        id: OrganizationId,
        email: &EmailAddress,
    ) -> Result<Option<Membership>, StoreError>;

    /// Returns the number of owners of the organization.
    async fn count_owners(&mut self, id: OrganizationId) -> Result<u64, StoreError>;

    /// Returns the number of members of the organization. A caller that adds a member must hold the lock on the
    /// organization.
    async fn count(&mut self, id: OrganizationId) -> Result<u64, StoreError>;

    /// Locks a user until the transaction ends, and returns the number of organizations that the user owns: those with
    /// a recorded opening if `opened`, otherwise those without. Organizations that this transaction has added count.
    /// Returns 0 if the user does not exist. Of two concurrent transactions for one user, the second waits and also
    /// counts what the first has committed.
    async fn lock_and_count_owned(&mut self, user: UserId, opened: bool) -> Result<u64, StoreError>;

    /// Returns the owners with their profiles, hidden or not, in ascending order of their ids. The list is empty if the
    /// organization does not exist.
    async fn owners(&mut self, id: OrganizationId) -> Result<Vec<Member>, StoreError>;

    /// Changes the role of a member. Returns `Ok(false)` if the membership does not exist.
    async fn set_role(&mut self, id: OrganizationId, user: UserId, role: Role) -> Result<bool, StoreError>;

    /// Records that a member opened the organization at that time. From then on, other members see the profile, even if
    /// it was hidden. Returns `Ok(false)` and changes nothing if an opening is already recorded or the membership does
    /// not exist.
    async fn record_opening(
        &mut self,
        id: OrganizationId,
        user: UserId,
        at: OffsetDateTime,
    ) -> Result<bool, StoreError>;

    /// Deletes a membership. Returns `Ok(false)` if there is none.
    async fn delete(&mut self, id: OrganizationId, user: UserId) -> Result<bool, StoreError>;
}

/// Departures of users who left by themselves, in a transaction. The caller must hold the lock on the organization.
#[async_trait]
pub trait Departures: Send {
    /// Records that a user left. Replaces an earlier departure from the same organization. Fails with a conflict on
    /// [`StoreError::REFERENCE`] if the user or the organization does not exist.
    async fn record(&mut self, id: OrganizationId, user: UserId, left_at: OffsetDateTime) -> Result<(), StoreError>;

    /// Returns when the user left the organization. Returns `Ok(None)` if no departure is recorded.
    async fn find(&mut self, id: OrganizationId, user: UserId) -> Result<Option<OffsetDateTime>, StoreError>;

    /// Deletes the departure of a user. Returns `Ok(false)` if none is recorded.
    async fn delete(&mut self, id: OrganizationId, user: UserId) -> Result<bool, StoreError>;
}

/// Users, as far as an organization may see them.
#[async_trait]
pub trait UserProfiles: Send + Sync {
    /// Finds the user with that address, verified or not. The comparison ignores case. Returns `Ok(None)` if there is
    /// none.
    async fn find_profile_by_email(&self, email: &EmailAddress) -> Result<Option<Profile>, StoreError>;

    /// Returns the address of the user, if it is verified. Returns `Ok(None)` if it is not, or if the user has none or
    /// does not exist.
    async fn find_verified_email(&self, user: UserId) -> Result<Option<EmailAddress>, StoreError>;

    /// Finds the user who has verified that address. The comparison ignores case. Returns `Ok(None)` if no account has
    /// the address, or its user has not verified it.
    async fn find_profile_by_verified_email(&self, email: &EmailAddress) -> Result<Option<Profile>, StoreError>;

    /// Returns the profiles of these users, in no particular order. Users who do not exist are omitted. A caller passes
    /// at most the users of one page.
    async fn profiles(&self, users: &[UserId]) -> Result<Vec<Profile>, StoreError>;

    /// Returns those of these users who have a second factor, in no particular order. A caller passes at most the users of
    /// one page.
    async fn users_with_mfa(&self, users: &[UserId]) -> Result<Vec<UserId>, StoreError>;
}
