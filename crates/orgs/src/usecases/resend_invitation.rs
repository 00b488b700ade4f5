//! An invitation is sent once more.

use tessera_kernel::{Actor, InvitationId, OrganizationId, StoreError};
use time::Duration;

use super::invite::{Refusal, take_back};
use crate::{
    Orgs,
    events::OrgEvent,
    model::{Invitation, InvitationState, InvitationStatus},
    policy,
};

/// Nothing was sent.
#[derive(Debug, thiserror::Error)]
pub enum ResendInvitationError {
    /// The organization does not exist, or the actor is no member.
    #[error("there is no such organization")]
    NotFound,
    /// The organization has no such invitation.
    #[error("there is no such invitation")]
    InvitationNotFound,
    /// The actor's role does not reach for this.
    #[error("your role does not allow this")]
    Forbidden {
        /// Whose administrators may learn that it was tried.
        organization: OrganizationId,
    },
    /// The address is a member's.
    #[error("this user is already a member")]
    AlreadyMember,
    /// It was accepted or withdrawn.
    #[error("this invitation is closed")]
    Closed,
    /// So many invitations are pending that one that has expired can't come back.
    #[error("too many invitations are pending")]
    TooManyInvitations,
    /// The address got so many mails that it gets no more for now.
    #[error("too many mails to this address")]
    TooManyMails {
        /// How many it gets within a day.
        most: u32,
        /// How long to wait before trying again, at most.
        retry_after: Duration,
    },
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Refusal> for ResendInvitationError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::TooManyInvitations => Self::TooManyInvitations,
            Refusal::TooManyMails { most, retry_after } => Self::TooManyMails { most, retry_after },
            Refusal::Store(error) => Self::Store(error),
        }
    }
}

impl Orgs {
    /// Sends an invitation again, with a new token: the old one is worth nothing from then on, and mails with it that are not
    /// delivered yet are taken back. Its time starts anew, and the actor is the one who answers for it.
    ///
    /// # Errors
    /// See [`ResendInvitationError`].
    pub async fn resend_invitation(
        &self,
        actor: &Actor,
        of: OrganizationId,
        id: InvitationId,
    ) -> Result<(Invitation, InvitationStatus), ResendInvitationError> {
        let acting = actor.user().ok_or(ResendInvitationError::NotFound)?;
        let inviter = self.profile(acting).await?;
        let mut tx = self.ports.store.begin().await?;
        let organization = tx.organizations().lock(of).await?.ok_or(ResendInvitationError::NotFound)?;
        let own = self.locked_caller(&mut *tx, of, acting).await?.ok_or(ResendInvitationError::NotFound)?.role;
        if !policy::may_invite(own) {
            return Err(ResendInvitationError::Forbidden { organization: of });
        }
        let known = tx.invitations().find(of, id).await?.ok_or(ResendInvitationError::InvitationNotFound)?;
        if !policy::may_add(own, known.role) {
            return Err(ResendInvitationError::Forbidden { organization: of });
        }
        // Before the state: this is the reason why most invitations to members are closed.
        if tx.memberships().find_by_email(of, &known.email).await?.is_some() {
            return Err(ResendInvitationError::AlreadyMember);
        }
        if known.state != InvitationState::Open {
            return Err(ResendInvitationError::Closed);
        }
        let now = self.ports.clock.now();
        let comes_back = !known.is_pending(now);
        let invitation = Invitation { invited_by: acting, expires_at: now + Invitation::TTL, ..known };
        self.may_send(&mut *tx, &invitation, comes_back).await?;
        let letter = self.letter(&invitation, organization, inviter)?;
        tx.invitations().renew(&invitation, &letter.hash).await?;
        take_back(&mut *tx, id).await?;
        self.send(&mut *tx, &invitation, &letter).await?;
        tx.events().append(&self.event(actor, OrgEvent::InvitationResent { organization: of, invitation: id })).await?;
        tx.commit().await?;
        Ok((invitation, InvitationStatus::Pending))
    }
}
