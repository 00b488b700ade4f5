//! Withdrawal of invitations.

use tessera_kernel::{AccessError, Actor, InvitationId, OrganizationId, StoreError, permit};

use super::{end_invitations::end, events::InvitationEvent};
use crate::{Orgs, caller::LockedOrganization, model::InvitationState, policy};

tessera_kernel::error_enum! {
    /// Why the withdrawal failed.
    pub enum WithdrawInvitationError {
        /// The organization has no such invitation.
        #[error("there is no such invitation")]
        InvitationNotFound,
        /// The invitation was accepted.
        #[error("this invitation is closed")]
        Closed,
    }
    from Access(AccessError), Store(StoreError)
}

impl Orgs {
    /// Withdraws an invitation and cancels its undelivered mails. Withdrawing it again has no effect.
    ///
    /// # Errors
    /// Fails when the actor may not withdraw the invitation, the organization has no such invitation, the invitation
    /// was accepted, or storage fails.
    pub async fn withdraw_invitation(
        &self,
        actor: &Actor,
        of: OrganizationId,
        id: InvitationId,
    ) -> Result<(), WithdrawInvitationError> {
        let LockedOrganization { mut tx, own, .. } = self.lock_and_require(actor, of, policy::MANAGE).await?;
        let known = tx.invitations().find(of, id).await?.ok_or(WithdrawInvitationError::InvitationNotFound)?;
        permit(policy::may_add(own.role, known.role), of)?;
        match known.state {
            InvitationState::Withdrawn { .. } => return Ok(()),
            InvitationState::Accepted { .. } => return Err(WithdrawInvitationError::Closed),
            InvitationState::Open => {}
        }
        end(&mut *tx, id, InvitationState::Withdrawn { at: self.ports.system.now() }).await?;
        let withdrawn = InvitationEvent::Withdrawn { organization: of, invitation: id };
        tx.events().append(&self.event(actor, withdrawn)).await?;
        tx.commit().await?;
        Ok(())
    }
}
