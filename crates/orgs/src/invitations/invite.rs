//! Invitations by mail.

use tessera_kernel::{
    AccessError, Actor, EmailAddress, InvitationId, OrganizationId, QuotaExceeded, RateLimitError, RateLimited, Role,
    StoreError, UserId, permit,
};
use time::OffsetDateTime;

use super::{end_invitations::end, events::InvitationEvent};
use crate::{
    Orgs,
    caller::LockedOrganization,
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

tessera_kernel::error_enum! {
    /// Why the invitation failed.
    pub enum InviteError {
        /// Granting ownership requires recent authentication.
        #[error("the session is too old for this")]
        ReauthenticationRequired,
        /// The address belongs to a member.
        #[error("this user is already a member")]
        AlreadyMember,
    }
    from
        Access(AccessError),
        /// The quota for open invitations of the organization is reached.
        Quota(QuotaExceeded),
        /// A limit of [`limits`](crate::limits) is reached.
        RateLimited(RateLimited),
        Store(StoreError),
}

impl Orgs {
    /// Invites an address. An open invitation for the same address ends, so an address has at most one open invitation.
    ///
    /// # Errors
    /// Fails when the actor may not invite, the address belongs to a member, a limit or quota is reached, or storage
    /// fails.
    pub async fn invite(&self, actor: &Actor, command: Invite) -> Result<(Invitation, InvitationStatus), InviteError> {
        let (id, role) = (command.organization, command.role);
        // Checked before any lookup of the address: only callers who may invite learn who is a member.
        let (organization, own) = self.require_and_find(actor, id, policy::MANAGE).await?;
        permit(policy::may_add(own.role, role), id)?;
        if policy::must_sign_in_again(actor, role) {
            return Err(InviteError::ReauthenticationRequired);
        }
        let acting = own.user_id;
        let counted = self.limit_invitation(acting, id, &command.email).await;
        counted.map_err(RateLimitError::split::<InviteError>)?;
        let inviter = self.profile(acting).await?;
        let invitation = self.new_invitation(acting, command, self.ports.store.now().await?);
        let mail = self.prepare_mail(&invitation, organization, inviter)?;
        // Checked again under the lock, because the role may have changed since the first check.
        let LockedOrganization { mut tx, own, .. } = self.lock_and_require(actor, id, policy::MANAGE).await?;
        permit(policy::may_add(own.role, role), id)?;
        if tx.memberships().find_by_email(id, &invitation.email).await?.is_some() {
            return Err(InviteError::AlreadyMember);
        }
        self.end_earlier_invitation(&mut *tx, actor, own.role, &invitation).await?;
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
            id: InvitationId::generate(&self.ports.system),
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
        permit(!open.is_pending(by.created_at) || policy::may_add(own, open.role), organization)?;
        end(tx, open.id, InvitationState::Withdrawn { at: by.created_at }).await?;
        let withdrawn = InvitationEvent::Withdrawn { organization, invitation: open.id };
        tx.events().append(&self.event(actor, withdrawn)).await?;
        Ok(())
    }
}
