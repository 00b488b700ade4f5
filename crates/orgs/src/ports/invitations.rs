//! Where invitations are kept, how their tokens are hashed, and what is written to whom.

use async_trait::async_trait;
use tessera_kernel::{
    EmailAddress, InvitationId, Mail, MailId, NoticeContext, OrganizationId, Role, SecretHash, StoreError, UserId,
};
use time::OffsetDateTime;

use crate::model::{Claim, DirectAddition, Invitation, InvitationState, InvitationToken, Invited, NewOwner};

/// Invitations, in a transaction. Whoever writes holds the organization's lock, which puts all that happens to its
/// invitations in a row.
#[async_trait]
pub trait InvitationRows: Send {
    /// Adds an invitation. Conflict on `invitations_organization_id_pending_email` when another one of the organization is
    /// open for the address, on `invitations_token_hash` when the token is known, on `invitations_id` when the id is, on
    /// [`StoreError::REFERENCE`] when there is no such organization.
    async fn insert(&mut self, invitation: &Invitation, token: &SecretHash) -> Result<(), StoreError>;

    /// The invitation of that organization. `Ok(None)` when there is none.
    async fn find(&mut self, of: OrganizationId, id: InvitationId) -> Result<Option<Invitation>, StoreError>;

    /// The open invitation of an address, expired or not. `Ok(None)` when there is none.
    async fn find_open(&mut self, of: OrganizationId, email: &EmailAddress) -> Result<Option<Invitation>, StoreError>;

    /// The invitation with that token, kept from others until the transaction ends. `Ok(None)` when there is none.
    async fn lock_by_token(&mut self, token: &SecretHash) -> Result<Option<Invitation>, StoreError>;

    /// Gives an open invitation another token, another time to expire and whoever answers for it now: the old token is
    /// worth nothing from then on, and so is a claim. `Ok(false)`, and nothing changes, when it is not open.
    async fn renew(&mut self, invitation: &Invitation, token: &SecretHash) -> Result<bool, StoreError>;

    /// Keeps an open invitation for one request, in place of another that it was kept for. `Ok(false)`, and nothing changes,
    /// when it is not open.
    async fn claim(&mut self, id: InvitationId, claim: Claim) -> Result<bool, StoreError>;

    /// Ends an open invitation. `Ok(false)`, and nothing changes, when it is not open. [`InvitationState::Open`] ends nothing.
    async fn end(&mut self, id: InvitationId, state: InvitationState) -> Result<bool, StoreError>;

    /// Whether an invitation of the organization was ever accepted, deleted ones included.
    async fn any_accepted(&mut self, of: OrganizationId) -> Result<bool, StoreError>;

    /// Ends the open invitations of the organization that a change of a membership invalidates, as withdrawn at that time,
    /// and returns their ids in ascending order. One statement.
    async fn withdraw_all(
        &mut self,
        of: OrganizationId,
        which: InvitationsOf<'_>,
        at: OffsetDateTime,
    ) -> Result<Vec<InvitationId>, StoreError>;

    /// How many invitations of the organization can be accepted at that time.
    async fn count_pending(&mut self, of: OrganizationId, now: OffsetDateTime) -> Result<u64, StoreError>;

    /// The number of open invitations of the organization whose claim lasts beyond that time of the storage's clock.
    async fn count_claimed(&mut self, of: OrganizationId, now: OffsetDateTime) -> Result<u64, StoreError>;
}

/// Open invitations that a change of a user's membership invalidates.
#[derive(Debug, Clone, Copy)]
pub enum InvitationsOf<'a> {
    /// Those to the address that the user has now, verified or not, expired ones included: a resend would renew them.
    Invitee(UserId),
    /// Those that the user answers for, for one of these roles. Expired ones stay: a resend gives them another inviter.
    Inviter {
        /// The inviter.
        user: UserId,
        /// The roles that the inviter may no longer give.
        roles: &'a [Role],
    },
}

/// The mails that invitations cause, in a transaction. The caller holds the organization's lock for every write.
#[async_trait]
pub trait InvitationMails: Send {
    /// The mails that carry an invitation, delivered or not, in ascending order of their id. Empty when none was noted.
    async fn carrying(&mut self, invitation: InvitationId) -> Result<Vec<MailId>, StoreError>;

    /// Records that a mail of the organization carries an invitation. [`InvitationJobs`](super::InvitationJobs) deletes
    /// old records.
    async fn note(&mut self, of: OrganizationId, note: &MailNote<'_>) -> Result<(), StoreError>;
}

/// That an address gets a mail.
#[derive(Debug, Clone, Copy)]
pub struct MailNote<'a> {
    /// Which.
    pub mail: MailId,
    /// What it carries.
    pub invitation: InvitationId,
    /// Who gets it.
    pub email: &'a EmailAddress,
    /// When it was written.
    pub at: OffsetDateTime,
}

/// Puts into words what is sent by mail.
pub trait MailTemplates: Send + Sync {
    /// The mail that invites somebody and carries the token.
    fn invitation(&self, about: &Invited, token: &InvitationToken) -> Mail;

    /// The mail that tells an owner of a new one, or the new one of themselves. It opens nothing.
    fn new_owner(&self, to: &EmailAddress, about: &NewOwner<'_>, context: NoticeContext) -> Mail;

    /// The mail that notifies a user who was added to an organization directly. It opens nothing.
    fn added_directly(&self, to: &EmailAddress, about: &DirectAddition<'_>, context: NoticeContext) -> Mail;
}
