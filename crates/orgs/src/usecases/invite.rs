//! Somebody is asked in by mail.

use tessera_kernel::{
    Actor, EmailAddress, InvitationId, MailId, OrganizationId, QuotaExceeded, RateLimitError, RateLimited, Role,
    SealedMail, SecretHash, StoreError, UserId,
};
use time::OffsetDateTime;

use crate::{
    Orgs,
    events::OrgEvent,
    model::{Invitation, InvitationState, InvitationStatus, InvitationToken, Invited, Organization, Profile},
    policy,
    ports::{MailNote, OrgTransaction},
};

/// Whom to ask.
#[derive(Debug)]
pub struct Invite {
    /// Where.
    pub organization: OrganizationId,
    /// Whom.
    pub email: EmailAddress,
    /// As what.
    pub role: Role,
}

/// Nobody was invited.
#[derive(Debug, thiserror::Error)]
pub enum InviteError {
    /// The organization does not exist, or the actor is no member.
    #[error("there is no such organization")]
    NotFound,
    /// The actor's role does not reach for this.
    #[error("your role does not allow this")]
    Forbidden {
        /// Whose administrators may learn that it was tried.
        organization: OrganizationId,
    },
    /// Ownership is given in a session that began a moment ago.
    #[error("the session is too old for this")]
    StaleSession,
    /// The address is a member's.
    #[error("this user is already a member")]
    AlreadyMember,
    /// The organization has no room for another open invitation.
    #[error(transparent)]
    Quota(#[from] QuotaExceeded),
    /// A limit of [`limits`](crate::limits) is reached.
    #[error(transparent)]
    RateLimited(#[from] RateLimited),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A mail that is ready for the outbox, and the hash of the token in it.
pub(crate) struct Letter {
    pub(crate) mail: SealedMail,
    pub(crate) hash: SecretHash,
}

/// Why no mail may go out.
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
    /// Invites somebody. An invitation that is open for the address ends: there is one at a time.
    ///
    /// # Errors
    /// See [`InviteError`].
    pub async fn invite(&self, actor: &Actor, command: Invite) -> Result<(Invitation, InvitationStatus), InviteError> {
        let acting = actor.user().ok_or(InviteError::NotFound)?;
        let (id, role) = (command.organization, command.role);
        let known = self.ports.store.find_organization(id, acting).await?;
        let (organization, own) = known.ok_or(InviteError::NotFound)?;
        self.open_organization(&own).await?;
        // Asked before anybody is looked up: only who may invite learns who is a member.
        if !policy::may_add(own.role, role) {
            return Err(InviteError::Forbidden { organization: id });
        }
        if policy::must_sign_in_again(actor, role) {
            return Err(InviteError::StaleSession);
        }
        let counted = self.limit_invitation(acting, id, &command.email).await;
        counted.map_err(RateLimitError::split::<InviteError>)?;
        let inviter = self.profile(acting).await?;
        let invitation = self.new_invitation(acting, command, self.ports.store.now().await?);
        let letter = self.letter(&invitation, organization, inviter)?;
        let mut tx = self.ports.store.begin().await?;
        tx.organizations().lock(id).await?.ok_or(InviteError::NotFound)?;
        // And again under the lock: the role may have gone in between.
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
        let sent = OrgEvent::InvitationSent { organization: id, invitation: invitation.id, email, role };
        tx.events().append(&self.event(actor, sent)).await?;
        tx.commit().await?;
        Ok((invitation, InvitationStatus::Pending))
    }

    /// An invitation of that time by the clock of the database: every node has to judge it alike.
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

    /// Ends the open invitation of the same address, unless it reaches above the actor's own role.
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
        let withdrawn = OrgEvent::InvitationWithdrawn { organization, invitation: open.id };
        tx.events().append(&self.event(actor, withdrawn)).await?;
        Ok(())
    }

    /// What is known of a user who acts.
    pub(crate) async fn profile(&self, user: UserId) -> Result<Profile, StoreError> {
        let known = self.ports.directory.profiles(&[user]).await?.into_iter().next();
        Ok(known.unwrap_or(Profile::hidden(user)))
    }

    /// Draws a token and writes the mail that carries it.
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

    /// Checks the number of pending invitations. `another` says that there will be one more pending invitation.
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

    /// Puts the mail into the outbox and counts it.
    pub(crate) async fn send(
        &self,
        tx: &mut dyn OrgTransaction,
        invitation: &Invitation,
        letter: &Letter,
    ) -> Result<(), StoreError> {
        let at: OffsetDateTime = letter.mail.created_at;
        tx.outbox().add(&letter.mail).await?;
        let note = MailNote { mail: letter.mail.id, invitation: invitation.id, email: &invitation.email, at };
        // A day is enough to count them; but as long as a mail may wait, it must be known what it carries.
        tx.invitation_mails().note(invitation.organization_id, &note, at - Invitation::TTL).await
    }
}

/// Ends an open invitation, and takes its mails back.
pub(super) async fn end(
    tx: &mut dyn OrgTransaction,
    invitation: InvitationId,
    state: InvitationState,
) -> Result<(), StoreError> {
    tx.invitations().end(invitation, state).await?;
    take_back(tx, invitation).await
}

/// Erases the mails of an invitation that are not delivered yet: their link opens nothing any more.
pub(super) async fn take_back(tx: &mut dyn OrgTransaction, invitation: InvitationId) -> Result<(), StoreError> {
    let mails = tx.invitation_mails().carrying(invitation).await?;
    tx.outbox().take_back(&mails).await?;
    Ok(())
}
