//! Invitations by mail.

use tessera_kernel::{
    Actor, EmailAddress, InvitationId, OrganizationId, QuotaExceeded, RateLimitError, RateLimited, Role, StoreError,
    UserId,
};
use time::OffsetDateTime;

use super::{end_invitations::end, events::InvitationEvent};
use crate::{
    Orgs,
    model::{Invitation, InvitationState, InvitationStatus},
    policy,
    ports::OrgTransaction,
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
        let mail = self.prepare_mail(&invitation, organization, inviter)?;
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
        self.end_earlier_invitation(&mut *tx, actor, own, &invitation).await?;
        self.check_invitation_quota::<InviteError>(&mut *tx, id).await?;
        tx.invitations().insert(&invitation, &mail.token_hash).await?;
        self.send_mail(&mut *tx, &invitation, &mail).await?;
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
    async fn end_earlier_invitation(
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
}
