//! Resending of invitations.

use tessera_kernel::{
    AccessError, Actor, InvitationId, OrganizationId, QuotaExceeded, RateLimitError, RateLimited, StoreError, permit,
};

use super::{end_invitations::cancel, events::InvitationEvent};
use crate::{
    Orgs,
    caller::LockedOrganization,
    model::{Invitation, InvitationState, InvitationStatus},
    policy,
};

tessera_kernel::error_enum! {
    /// Why the resending failed.
    pub enum ResendInvitationError {
        /// The organization has no such invitation.
        #[error("there is no such invitation")]
        InvitationNotFound,
        /// The address belongs to a member.
        #[error("this user is already a member")]
        AlreadyMember,
        /// Granting ownership requires recent authentication.
        #[error("the session is too old for this")]
        ReauthenticationRequired,
        /// The invitation was accepted or withdrawn.
        #[error("this invitation is closed")]
        Closed,
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
    /// Sends an invitation again with a new token. The old token becomes invalid, and undelivered mails with it are
    /// cancelled. The lifetime starts again, and the actor becomes the inviter.
    ///
    /// # Errors
    /// Fails when the actor may not send the invitation, the invitation is closed or belongs to a member, a limit or
    /// quota is reached, or storage fails.
    pub async fn resend_invitation(
        &self,
        actor: &Actor,
        of: OrganizationId,
        id: InvitationId,
    ) -> Result<(Invitation, InvitationStatus), ResendInvitationError> {
        let acting = actor.user().ok_or(AccessError::not_found(of))?;
        self.limit_resending(actor, of, id).await?;
        let inviter = self.profile(acting).await?;
        let now = self.ports.store.now().await?;
        let LockedOrganization { mut tx, organization, own } = self.lock_and_require(actor, of, policy::MANAGE).await?;
        let known = tx.invitations().find(of, id).await?.ok_or(ResendInvitationError::InvitationNotFound)?;
        permit(policy::may_add(own.role, known.role), of)?;
        // The caller becomes the inviter, as if they had sent the invitation.
        if policy::must_sign_in_again(actor, known.role) {
            return Err(ResendInvitationError::ReauthenticationRequired);
        }
        // Checked before the state: most invitations to members are closed for this reason.
        if tx.memberships().find_by_email(of, &known.email).await?.is_some() {
            return Err(ResendInvitationError::AlreadyMember);
        }
        if known.state != InvitationState::Open {
            return Err(ResendInvitationError::Closed);
        }
        // A pending invitation already counts in the quota.
        if !known.is_pending(now) {
            self.check_invitation_quota::<ResendInvitationError>(&mut *tx, of).await?;
        }
        let invitation = Invitation { invited_by: acting, expires_at: now + Invitation::TTL, ..known };
        let mail = self.prepare_mail(&invitation, organization, inviter)?;
        tx.invitations().renew(&invitation, &mail.token_hash).await?;
        cancel(&mut *tx, id).await?;
        self.send_mail(&mut *tx, &invitation, &mail).await?;
        tx.events().append(&self.event(actor, InvitationEvent::Resent { organization: of, invitation: id })).await?;
        tx.commit().await?;
        Ok((invitation, InvitationStatus::Pending))
    }

    /// Checks that the caller may invite, and counts the mail before the main transaction begins.
    async fn limit_resending(
        &self,
        actor: &Actor,
        of: OrganizationId,
        id: InvitationId,
    ) -> Result<(), ResendInvitationError> {
        let acting = self.require(actor, of, policy::MANAGE).await?.user_id;
        let inviter = self.limit_inviter(acting).await.map_err(RateLimitError::split::<ResendInvitationError>)?;
        let mut tx = self.ports.store.begin().await?;
        let known = tx.invitations().find(of, id).await?.ok_or(ResendInvitationError::InvitationNotFound)?;
        let accepted = tx.invitations().any_accepted(of).await?;
        // Counting uses a separate connection, and SQLite has only one connection that can write.
        drop(tx);
        self.limit_recipient(&inviter, of, accepted, &known.email).await.map_err(RateLimitError::split)
    }
}
