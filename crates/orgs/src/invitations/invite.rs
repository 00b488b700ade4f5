//! Invitations by mail.

use tessera_kernel::{
    Actor, EmailAddress, InvitationId, MailId, OrganizationId, QuotaExceeded, RateLimitError, RateLimited, Role,
    SealedMail, SecretHash, StoreError, UserId,
};
use time::OffsetDateTime;

use super::events::InvitationEvent;
use crate::{
    Orgs,
    model::{Invitation, InvitationState, InvitationStatus, InvitationToken, Invited, Organization, Profile},
    policy,
    ports::{MailNote, OrgTransaction},
};

/// Command of [`Orgs::invite`].
#[derive(Debug)]
pub struct Invite {
    /// The organization.
    pub organization: OrganizationId,
    /// The address to invite.
    pub email: EmailAddress,
    /// The role that the new member gets.
    pub role: Role,
}

/// Why the invitation failed.
#[derive(Debug, thiserror::Error)]
pub enum InviteError {
    /// The organization does not exist, or the actor is no member.
    #[error("there is no such organization")]
    NotFound,
    /// The actor's role does not permit this action.
    #[error("your role does not allow this")]
    Forbidden {
        /// The organization whose audit trail records the denied attempt.
        organization: OrganizationId,
    },
    /// Granting ownership requires recent authentication.
    #[error("the session is too old for this")]
    ReauthenticationRequired,
    /// The address belongs to a member.
    #[error("this user is already a member")]
    AlreadyMember,
    /// The quota for open invitations of the organization is reached.
    #[error(transparent)]
    Quota(#[from] QuotaExceeded),
    /// A limit of [`limits`](crate::limits) is reached.
    #[error(transparent)]
    RateLimited(#[from] RateLimited),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A mail ready for the outbox, with the hash of its token.
pub(crate) struct Letter {
    pub(crate) mail: SealedMail,
    pub(crate) hash: SecretHash,
}

/// Why no mail may be sent.
pub(crate) enum Refusal {
    Quota(QuotaExceeded),
    Store(StoreError),
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<QuotaExceeded> for Refusal {
    fn from(exceeded: QuotaExceeded) -> Self {
        Self::Quota(exceeded)
    }
}

impl From<Refusal> for InviteError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Quota(exceeded) => Self::Quota(exceeded),
            Refusal::Store(error) => Self::Store(error),
        }
    }
}

impl Orgs {
    /// Invites an address. An open invitation for the same address ends, so an address has at most one open invitation.
    ///
    /// # Errors
    /// Fails when the actor may not invite, the address belongs to a member, a limit or quota is reached, or storage
    /// fails.
    pub async fn invite(&self, actor: &Actor, command: Invite) -> Result<(Invitation, InvitationStatus), InviteError> {
        let acting = actor.user().ok_or(InviteError::NotFound)?;
        let (id, role) = (command.organization, command.role);
        let known = self.ports.store.find_organization(id, acting).await?;
        let (organization, own) = known.ok_or(InviteError::NotFound)?;
        self.open_organization(&own).await?;
        // Checked before any lookup of the address: only callers who may invite learn who is a member.
        if !policy::may_add(own.role, role) {
            return Err(InviteError::Forbidden { organization: id });
        }
        if policy::must_sign_in_again(actor, role) {
            return Err(InviteError::ReauthenticationRequired);
        }
        let counted = self.limit_invitation(acting, id, &command.email).await;
        counted.map_err(RateLimitError::split::<InviteError>)?;
        let inviter = self.profile(acting).await?;
        let invitation = self.new_invitation(acting, command, self.ports.store.now().await?);
        let letter = self.letter(&invitation, organization, inviter)?;
        let mut tx = self.ports.store.begin().await?;
        tx.organizations().lock(id).await?.ok_or(InviteError::NotFound)?;
        // Checked again under the lock, because the role may have changed since the first check.
        let own = tx.memberships().find(id, acting).await?.ok_or(InviteError::NotFound)?.role;
        if !policy::may_add(own, role) {
            return Err(InviteError::Forbidden { organization: id });
        }
        if tx.memberships().find_by_email(id, &invitation.email).await?.is_some() {
            return Err(InviteError::AlreadyMember);
        }
        self.replace(&mut *tx, actor, own, &invitation).await?;
        self.may_send(&mut *tx, &invitation, true).await?;
        tx.invitations().insert(&invitation, &letter.hash).await?;
        self.send(&mut *tx, &invitation, &letter).await?;
        let email = invitation.email.clone();
        let sent = InvitationEvent::Sent { organization: id, invitation: invitation.id, email, role };
        tx.events().append(&self.event(actor, sent)).await?;
        tx.commit().await?;
        Ok((invitation, InvitationStatus::Pending))
    }

    /// Builds an invitation. `now` is the database time, because all nodes must agree on the expiry.
    fn new_invitation(&self, invited_by: UserId, command: Invite, now: OffsetDateTime) -> Invitation {
        Invitation {
            id: InvitationId::generate(&*self.ports.clock, &*self.ports.entropy),
            organization_id: command.organization,
            email: command.email,
            role: command.role,
            state: InvitationState::Open,
            invited_by,
            created_at: now,
            expires_at: now + Invitation::TTL,
            claim: None,
        }
    }

    /// Ends the open invitation for the same address. Fails if its role is above the actor's own role.
    async fn replace(
        &self,
        tx: &mut dyn OrgTransaction,
        actor: &Actor,
        own: Role,
        by: &Invitation,
    ) -> Result<(), InviteError> {
        let organization = by.organization_id;
        let Some(open) = tx.invitations().find_open(organization, &by.email).await? else { return Ok(()) };
        if open.is_pending(by.created_at) && !policy::may_add(own, open.role) {
            return Err(InviteError::Forbidden { organization });
        }
        end(tx, open.id, InvitationState::Withdrawn { at: by.created_at }).await?;
        let withdrawn = InvitationEvent::Withdrawn { organization, invitation: open.id };
        tx.events().append(&self.event(actor, withdrawn)).await?;
        Ok(())
    }

    /// Generates a token and renders the mail that contains it.
    pub(crate) fn letter(
        &self,
        invitation: &Invitation,
        organization: Organization,
        inviter: Profile,
    ) -> Result<Letter, StoreError> {
        let token = InvitationToken::generate(&*self.ports.entropy);
        let about = Invited { invitation: invitation.clone(), organization, inviter, account: None };
        let mail = self.ports.letters.invitation(&about, &token);
        let id = MailId::generate(&*self.ports.clock, &*self.ports.entropy);
        let now = self.ports.clock.now();
        let mail = self.ports.seal.seal(id, &mail, now, invitation.expires_at)?;
        Ok(Letter { mail, hash: self.ports.digest.digest(token.expose()) })
    }

    /// Checks the number of pending invitations. `another` is true if the invitation adds one to that number.
    pub(crate) async fn may_send(
        &self,
        tx: &mut dyn OrgTransaction,
        invitation: &Invitation,
        another: bool,
    ) -> Result<(), Refusal> {
        let (of, now) = (invitation.organization_id, self.ports.clock.now());
        if another && self.quotas.open_invitations.maximum().is_some() {
            self.quotas.open_invitations.admit(tx.invitations().count_pending(of, now).await?)?;
        }
        Ok(())
    }

    /// Adds the mail to the outbox and records it for the invitation.
    pub(crate) async fn send(
        &self,
        tx: &mut dyn OrgTransaction,
        invitation: &Invitation,
        letter: &Letter,
    ) -> Result<(), StoreError> {
        let at: OffsetDateTime = letter.mail.created_at;
        tx.outbox().add(&letter.mail).await?;
        let note = MailNote { mail: letter.mail.id, invitation: invitation.id, email: &invitation.email, at };
        tx.invitation_mails().note(invitation.organization_id, &note).await
    }
}

/// Ends an open invitation and cancels its mails.
pub(super) async fn end(
    tx: &mut dyn OrgTransaction,
    invitation: InvitationId,
    state: InvitationState,
) -> Result<(), StoreError> {
    tx.invitations().end(invitation, state).await?;
    cancel(tx, invitation).await
}

/// Deletes the undelivered mails of an invitation, because their link is no longer valid.
pub(super) async fn cancel(tx: &mut dyn OrgTransaction, invitation: InvitationId) -> Result<(), StoreError> {
    let mails = tx.invitation_mails().carrying(invitation).await?;
    tx.outbox().cancel(&mails).await?;
    Ok(())
}
