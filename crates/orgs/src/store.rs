//! Storage of organizations: reads, transactions, and the documents that two features share.

use std::collections::BTreeMap;

use async_trait::async_trait;
use tessera_kernel::{
    EmailAddress, InvitationId, OrganizationId, Page, PageRequest, Role, SecretHash, StoreClock, StoreError,
    Transaction, UserId, VersionedDocument,
};
use tessera_outbox::Outbox;
use time::OffsetDateTime;

use crate::{
    model::{Invitation, MailDelivery, Membership, Organization, SystemDataEntry},
    ports::{Departures, InvitationMails, InvitationRows, MembershipRows, Organizations},
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

    /// Finds an organization. Returns `Ok(None)` if it does not exist.
    async fn find_organization_by_id(&self, id: OrganizationId) -> Result<Option<Organization>, StoreError>;

    /// Returns the organizations of a user with the user's role in each, in ascending order of their ids.
    async fn list_organizations(
        &self,
        user: UserId,
        page: PageRequest,
    ) -> Result<Page<(Organization, Role)>, StoreError>;

    /// Removes up to `most` rows of deleted organizations, in the order of their deletion, and returns the number of
    /// removed rows. It is less than `most` only if no row is left, or if rows of applications must be removed first. The
    /// organization itself counts as a row and is removed last. Each call is one short transaction per step. Rows that
    /// another node is removing are skipped.
    async fn clear_deleted_organizations(&self, most: u32) -> Result<u64, StoreError>;

    /// Finds a membership. Returns `Ok(None)` if there is none.
    async fn find_membership(&self, id: OrganizationId, user: UserId) -> Result<Option<Membership>, StoreError>;

    /// Returns the memberships of an organization, in ascending order of the user ids. The page is empty if the
    /// organization does not exist.
    async fn list_memberships(&self, id: OrganizationId, page: PageRequest) -> Result<Page<Membership>, StoreError>;

    /// Returns the settings of an organization. Returns `Ok(None)` if there are none. Settings are as old as their
    /// organization.
    async fn find_settings(&self, of: &Organization) -> Result<Option<VersionedDocument>, StoreError>;

    /// Returns the data of a user in an organization. Returns `Ok(None)` if there are none.
    async fn find_system_data(&self, id: OrganizationId, user: UserId)
    -> Result<Option<VersionedDocument>, StoreError>;

    /// Lists the users with data in an organization, in ascending order of the user ids. The page is empty if the
    /// organization does not exist.
    async fn list_system_data(
        &self,
        id: OrganizationId,
        page: PageRequest,
    ) -> Result<Page<SystemDataEntry>, StoreError>;

    /// Finds the invitation with that token, in any state. Returns `Ok(None)` if there is none.
    async fn find_invitation(&self, token: &SecretHash) -> Result<Option<Invitation>, StoreError>;

    /// Finds the invitation with that id, in any state. Returns `Ok(None)` if there is none.
    async fn find_invitation_by_id(&self, id: InvitationId) -> Result<Option<Invitation>, StoreError>;

    /// Returns the open invitations to an address that expire after that time, with their organizations, in ascending
    /// order of their ids. The comparison of addresses ignores case. Each comes with the role that its inviter now has
    /// in the organization, or `None` if the inviter is not a member.
    async fn list_invitations_to(
        &self,
        email: &EmailAddress,
        now: OffsetDateTime,
        page: PageRequest,
    ) -> Result<Page<(Invitation, Organization, Option<Role>)>, StoreError>;

    /// Returns the invitations of an organization, in any state, in ascending order of their ids. Each comes with the
    /// role that its inviter now has in the organization, or `None` if the inviter is not a member. The page is empty
    /// if the organization does not exist.
    async fn list_invitations(
        &self,
        id: OrganizationId,
        page: PageRequest,
    ) -> Result<Page<(Invitation, Option<Role>)>, StoreError>;

    /// Returns the delivery state of the latest mail of each of these invitations. An invitation is absent if its
    /// latest mail was cancelled or is no longer recorded. A caller passes at most the invitations of one page.
    async fn list_deliveries(
        &self,
        invitations: &[InvitationId],
    ) -> Result<BTreeMap<InvitationId, MailDelivery>, StoreError>;
}

/// A transaction. Dropping it without a commit rolls it back.
pub trait OrgTransaction: Transaction {
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
}

/// Settings and system data, in a transaction. They are stored byte for byte. A caller that changes them must hold the
/// lock on the organization, so that no change is lost.
#[async_trait]
pub trait OrgDocuments: Send {
    /// Returns the settings of an organization. Returns `Ok(None)` if there are none. Settings are as old as their
    /// organization.
    async fn find_settings(&mut self, of: &Organization) -> Result<Option<VersionedDocument>, StoreError>;

    /// Stores settings and replaces the earlier ones. The creation time is not stored. Fails with a conflict on [`StoreError::REFERENCE`] if the
    /// organization does not exist.
    async fn save_settings(&mut self, id: OrganizationId, settings: &VersionedDocument) -> Result<(), StoreError>;

    /// Returns the data of a user. Returns `Ok(None)` if there are none.
    async fn find_system_data(
        &mut self,
        id: OrganizationId,
        user: UserId,
    ) -> Result<Option<VersionedDocument>, StoreError>;

    /// Stores the data of a user and replaces the earlier data. The creation time of the earlier data stays. The data
    /// stay when the user leaves the organization. Fails with a conflict on [`StoreError::REFERENCE`] if the organization
    /// or the user does not exist.
    async fn save_system_data(
        &mut self,
        id: OrganizationId,
        user: UserId,
        data: &VersionedDocument,
    ) -> Result<(), StoreError>;
}
