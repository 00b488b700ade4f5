//! Ports of invitations: invitations and their mails in a transaction, and the jobs that delete them.

use async_trait::async_trait;
use tessera_kernel::{EmailAddress, InvitationId, MailId, OrganizationId, Role, SecretHash, StoreError, UserId};
use time::OffsetDateTime;

use super::model::{Claim, Invitation, InvitationState};

/// Invitations, in a transaction. A caller that writes must hold the lock on the organization, so that all changes to
/// its invitations are serialized.
#[async_trait]
pub trait InvitationRows: Send {
    /// Inserts an invitation. Fails with a conflict on `invitations_organization_id_pending_email` if the organization
    /// has another open invitation for the address, on `invitations_token_hash` if the token exists, on
    /// `invitations_id` if the id exists, and on [`StoreError::REFERENCE`] if the organization does not exist.
    async fn insert(&mut self, invitation: &Invitation, token: &SecretHash) -> Result<(), StoreError>;

    /// Finds an invitation of that organization. Returns `Ok(None)` if there is none.
    async fn find(&mut self, of: OrganizationId, id: InvitationId) -> Result<Option<Invitation>, StoreError>;

    /// Finds the open invitation of an address, expired or not. Returns `Ok(None)` if there is none.
    async fn find_open(&mut self, of: OrganizationId, email: &EmailAddress) -> Result<Option<Invitation>, StoreError>;

    /// Finds the invitation with that token, and locks it until the transaction ends. Returns `Ok(None)` if there is
    /// none.
    async fn lock_by_token(&mut self, token: &SecretHash) -> Result<Option<Invitation>, StoreError>;

    /// Replaces the token, the expiry time and the inviter of an open invitation. The old token becomes invalid, and a
    /// claim ends. Returns `Ok(false)` and changes nothing if the invitation is not open.
    async fn renew(&mut self, invitation: &Invitation, token: &SecretHash) -> Result<bool, StoreError>;

    /// Claims an open invitation for one request. Replaces an earlier claim. Returns `Ok(false)` and changes nothing if
    /// the invitation is not open.
    async fn claim(&mut self, id: InvitationId, claim: Claim) -> Result<bool, StoreError>;

    /// Ends an open invitation. Returns `Ok(false)` and changes nothing if the invitation is not open, or if `state` is
    /// [`InvitationState::Open`].
    async fn end(&mut self, id: InvitationId, state: InvitationState) -> Result<bool, StoreError>;

    /// Returns whether an invitation of the organization was ever accepted, including deleted invitations.
    async fn any_accepted(&mut self, of: OrganizationId) -> Result<bool, StoreError>;

    /// Withdraws the open invitations of the organization that a change of a membership invalidates. `at` is recorded
    /// as their end. Returns their ids in ascending order. One statement.
    async fn withdraw_all(
        &mut self,
        of: OrganizationId,
        which: InvitationsOf<'_>,
        at: OffsetDateTime,
    ) -> Result<Vec<InvitationId>, StoreError>;

    /// Returns the number of invitations of the organization that can be accepted at that time.
    async fn count_pending(&mut self, of: OrganizationId, now: OffsetDateTime) -> Result<u64, StoreError>;

    /// Returns the number of open invitations of the organization whose claim ends after that time. The time is by the
    /// storage clock.
    async fn count_claimed(&mut self, of: OrganizationId, now: OffsetDateTime) -> Result<u64, StoreError>;
}

/// Open invitations that a change of a user's membership invalidates.
#[derive(Debug, Clone, Copy)]
pub enum InvitationsOf<'a> {
    /// Those to the current address of the user, verified or not. Expired invitations are included, because a resend
    /// would renew them.
    Invitee(UserId),
    /// Those of an inviter, for one of these roles. Expired invitations stay, because a resend gives them another
    /// inviter.
    Inviter {
        /// The inviter.
        user: UserId,
        /// The roles that the inviter may no longer give.
        roles: &'a [Role],
    },
}

/// The mails that contain invitations, in a transaction. A caller that writes must hold the lock on the organization.
#[async_trait]
pub trait InvitationMails: Send {
    /// Returns the mails that contain an invitation, delivered or not, in ascending order of their ids. The list is
    /// empty if none is recorded.
    async fn carrying(&mut self, invitation: InvitationId) -> Result<Vec<MailId>, StoreError>;

    /// Returns all recorded mails of an organization, in ascending order of their ids.
    async fn of_organization(&mut self, of: OrganizationId) -> Result<Vec<MailId>, StoreError>;

    /// Records that a mail of the organization contains an invitation.
    async fn note(&mut self, of: OrganizationId, note: &MailNote<'_>) -> Result<(), StoreError>;
}

/// Record of a mail that contains an invitation.
#[derive(Debug, Clone, Copy)]
pub struct MailNote<'a> {
    /// The mail.
    pub mail: MailId,
    /// The invitation.
    pub invitation: InvitationId,
    /// The recipient.
    pub email: &'a EmailAddress,
    /// When the mail was written.
    pub at: OffsetDateTime,
}
