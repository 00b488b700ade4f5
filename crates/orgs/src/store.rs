//! Storage of organizations and memberships.

use std::collections::BTreeMap;

use async_trait::async_trait;
use tessera_kernel::{
    EmailAddress, EventLog, InvitationId, OrganizationId, Outbox, Page, PageRequest, Role, SecretHash, StoreClock,
    StoreError, UserId,
};
use time::OffsetDateTime;

use crate::{
    model::{Invitation, MailDelivery, Member, Membership, Organization, Settings, SystemData, SystemDataEntry},
    ports::{Departures, InvitationMails, InvitationRows, OrgDocuments},
};

/// Storage of organizations: single reads, and transactions.
#[async_trait]
pub trait OrgStore: StoreClock {
    /// Begins a transaction that may write.
    async fn begin(&self) -> Result<Box<dyn OrgTransaction>, StoreError>;

    /// Finds an organization with the membership of that user. Returns `Ok(None)` if the organization does not exist or
    /// the user is not a member.
    async fn find_organization(
        &self,
        id: OrganizationId,
        user: UserId,
    ) -> Result<Option<(Organization, Membership)>, StoreError>;

    /// Finds a membership. Returns `Ok(None)` if there is none.
    async fn find_membership(&self, id: OrganizationId, user: UserId) -> Result<Option<Membership>, StoreError>;

    /// Returns the memberships of an organization, in ascending order of the user ids. The page is empty if the
    /// organization does not exist.
    async fn list_memberships(&self, id: OrganizationId, page: PageRequest) -> Result<Page<Membership>, StoreError>;

    /// Returns the settings of an organization. Returns `Ok(None)` if there are none.
    async fn find_settings(&self, id: OrganizationId) -> Result<Option<Settings>, StoreError>;

    /// Returns the data of a user in an organization. Returns `Ok(None)` if there are none.
    async fn find_system_data(&self, id: OrganizationId, user: UserId) -> Result<Option<SystemData>, StoreError>;

    /// Lists the users with data in an organization, in ascending order of the user ids. The page is empty if the
    /// organization does not exist.
    async fn list_system_data(
        &self,
        id: OrganizationId,
        page: PageRequest,
    ) -> Result<Page<SystemDataEntry>, StoreError>;
    /// Finds the invitation with that token, in any state. Returns `Ok(None)` if there is none.
    async fn find_invitation(&self, token: &SecretHash) -> Result<Option<Invitation>, StoreError>;

    /// Returns the invitations of an organization, in any state, in ascending order of their ids. Each comes with the
    /// role that its inviter now has in the organization, or `None` if the inviter is not a member. The page is empty
    /// if the organization does not exist.
    async fn list_invitations(
        &self,
        id: OrganizationId,
        page: PageRequest,
    ) -> Result<Page<(Invitation, Option<Role>)>, StoreError>;

    /// Returns the delivery state of the latest mail of each of these invitations. An invitation is absent if its
    /// latest mail was cancelled or is no longer recorded.
    async fn list_deliveries(
        &self,
        invitations: &[InvitationId],
    ) -> Result<BTreeMap<InvitationId, MailDelivery>, StoreError>;
}

/// A transaction. Dropping it without a commit rolls it back.
#[async_trait]
pub trait OrgTransaction: Send {
    /// Returns the organizations in this transaction.
    fn organizations(&mut self) -> &mut dyn Organizations;

    /// Returns the memberships in this transaction.
    fn memberships(&mut self) -> &mut dyn MembershipRows;

    /// Returns the departures in this transaction.
    fn departures(&mut self) -> &mut dyn Departures;

    /// Returns the settings and system data in this transaction.
    fn documents(&mut self) -> &mut dyn OrgDocuments;

    /// Returns the invitations in this transaction.
    fn invitations(&mut self) -> &mut dyn InvitationRows;

    /// Returns the mails that contain invitations in this transaction.
    fn invitation_mails(&mut self) -> &mut dyn InvitationMails;

    /// Returns the outbox in this transaction.
    fn outbox(&mut self) -> &mut dyn Outbox;

    /// Returns the audit trail in this transaction.
    fn events(&mut self) -> &mut dyn EventLog;

    /// Commits all changes atomically.
    async fn commit(self: Box<Self>) -> Result<(), StoreError>;
}

/// Organizations, in a transaction.
#[async_trait]
pub trait Organizations: Send {
    /// Inserts an organization. Fails with a conflict on `organizations_slug` if the slug is taken, and on
    /// `organizations_id` if the id exists.
    async fn insert(&mut self, organization: &Organization) -> Result<(), StoreError>;

    /// Reads and locks an organization until the transaction ends. Another transaction that locks it waits. Only the
    /// holder of the lock may decide about members. Returns `Ok(None)` if the organization does not exist.
    async fn lock(&mut self, id: OrganizationId) -> Result<Option<Organization>, StoreError>;
}

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
