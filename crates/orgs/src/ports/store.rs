//! Where organizations and memberships are kept.

use std::collections::BTreeMap;

use async_trait::async_trait;
use tessera_kernel::{
    EmailAddress, EventLog, InvitationId, OrganizationId, Outbox, Page, PageRequest, Role, SecretHash, StoreClock,
    StoreError, UserId,
};
use time::OffsetDateTime;

use super::{Departures, InvitationMails, InvitationRows, OrgDocuments};
use crate::model::{Invitation, MailDelivery, Member, Membership, Organization, Settings, SystemData, SystemDataEntry};

/// The storage of this domain: single reads, and transactions.
#[async_trait]
pub trait OrgStore: StoreClock {
    /// Opens a transaction that may write.
    async fn begin(&self) -> Result<Box<dyn OrgTransaction>, StoreError>;

    /// The organization with the membership of that user. `Ok(None)` when it does not exist or they are no member.
    async fn find_organization(
        &self,
        id: OrganizationId,
        user: UserId,
    ) -> Result<Option<(Organization, Membership)>, StoreError>;

    /// One membership. `Ok(None)` when there is none.
    async fn find_membership(&self, id: OrganizationId, user: UserId) -> Result<Option<Membership>, StoreError>;

    /// The memberships of an organization, in ascending order of the user's id. Empty when it does not exist.
    async fn list_memberships(&self, id: OrganizationId, page: PageRequest) -> Result<Page<Membership>, StoreError>;

    /// The settings of an organization. `Ok(None)` when there are none.
    async fn find_settings(&self, id: OrganizationId) -> Result<Option<Settings>, StoreError>;

    /// The data of a user in an organization. `Ok(None)` when there are none.
    async fn find_system_data(&self, id: OrganizationId, user: UserId) -> Result<Option<SystemData>, StoreError>;

    /// Of whom there are data in an organization, in ascending order of the user's id. Empty when it does not exist.
    async fn list_system_data(
        &self,
        id: OrganizationId,
        page: PageRequest,
    ) -> Result<Page<SystemDataEntry>, StoreError>;
    /// The invitation with that token, whatever became of it. `Ok(None)` when there is none.
    async fn find_invitation(&self, token: &SecretHash) -> Result<Option<Invitation>, StoreError>;

    /// The invitations of an organization, whatever became of them, each with the role that its inviter has in the
    /// organization now (`None` when they are no member), in ascending order of the invitation's id. Empty when the
    /// organization does not exist.
    async fn list_invitations(
        &self,
        id: OrganizationId,
        page: PageRequest,
    ) -> Result<Page<(Invitation, Option<Role>)>, StoreError>;

    /// What became of the latest mail of each of these invitations. An invitation is absent when its latest mail was taken
    /// back, or is no longer on record.
    async fn list_deliveries(
        &self,
        invitations: &[InvitationId],
    ) -> Result<BTreeMap<InvitationId, MailDelivery>, StoreError>;
}

/// A transaction. What is not committed never happened; dropping it rolls back.
#[async_trait]
pub trait OrgTransaction: Send {
    /// Organizations, in this transaction.
    fn organizations(&mut self) -> &mut dyn Organizations;

    /// Memberships, in this transaction.
    fn memberships(&mut self) -> &mut dyn MembershipRows;

    /// Departures, in this transaction.
    fn departures(&mut self) -> &mut dyn Departures;

    /// Settings and system data, in this transaction.
    fn documents(&mut self) -> &mut dyn OrgDocuments;

    /// Invitations, in this transaction.
    fn invitations(&mut self) -> &mut dyn InvitationRows;

    /// The mails that invitations cause, in this transaction.
    fn invitation_mails(&mut self) -> &mut dyn InvitationMails;

    /// The outbox, in this transaction.
    fn outbox(&mut self) -> &mut dyn Outbox;

    /// The audit trail, in this transaction.
    fn events(&mut self) -> &mut dyn EventLog;

    /// Makes all of it durable and visible at once.
    async fn commit(self: Box<Self>) -> Result<(), StoreError>;
}

/// Organizations.
#[async_trait]
pub trait Organizations: Send {
    /// Adds an organization. Conflict on `organizations_slug` when the slug is taken, on `organizations_id` when the id is.
    async fn insert(&mut self, organization: &Organization) -> Result<(), StoreError>;

    /// Reads an organization and keeps every other transaction that does the same waiting until this one ends: whoever
    /// holds it alone decides about the members. `Ok(None)` when there is none.
    async fn lock(&mut self, id: OrganizationId) -> Result<Option<Organization>, StoreError>;
}

/// Memberships.
#[async_trait]
pub trait MembershipRows: Send {
    /// Adds a membership. Conflict on `memberships_organization_id_user_id` when the user is a member already, on
    /// [`StoreError::REFERENCE`] when there is no such user or organization.
    async fn insert(&mut self, membership: &Membership) -> Result<(), StoreError>;

    /// One membership. `Ok(None)` when there is none.
    async fn find(&mut self, id: OrganizationId, user: UserId) -> Result<Option<Membership>, StoreError>;

    /// The membership of the user whose account has that address, verified or not, compared without case. `Ok(None)` when
    /// no account has it, or its user is no member.
    async fn find_by_email(
        &mut self,
        id: OrganizationId,
        email: &EmailAddress,
    ) -> Result<Option<Membership>, StoreError>;

    /// How many owners the organization has.
    async fn count_owners(&mut self, id: OrganizationId) -> Result<u64, StoreError>;

    /// The number of members of the organization. Whoever adds one holds the organization's lock.
    async fn count(&mut self, id: OrganizationId) -> Result<u64, StoreError>;

    /// Locks a user until the transaction ends, and returns the number of organizations that they own, those that this
    /// transaction has added included. 0 if there is no such user. Of two transactions that do this for one user, the
    /// second waits and counts what the first has committed.
    async fn lock_and_count_owned(&mut self, user: UserId) -> Result<u64, StoreError>;

    /// The owners with their profiles, hidden or not, in ascending order of their id. Empty when the organization does not
    /// exist.
    async fn owners(&mut self, id: OrganizationId) -> Result<Vec<Member>, StoreError>;

    /// Gives a member another role. `Ok(false)` when there is no such membership.
    async fn set_role(&mut self, id: OrganizationId, user: UserId, role: Role) -> Result<bool, StoreError>;

    /// Records that a member opened the organization at that time, and makes a hidden profile visible to the others from then
    /// on. `Ok(false)`, and nothing changes, when it is recorded already or there is no such membership.
    async fn record_opening(
        &mut self,
        id: OrganizationId,
        user: UserId,
        at: OffsetDateTime,
    ) -> Result<bool, StoreError>;

    /// Ends a membership. `Ok(false)` when there is none.
    async fn delete(&mut self, id: OrganizationId, user: UserId) -> Result<bool, StoreError>;
}
