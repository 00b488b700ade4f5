//! Withdrawal of invitations.

use tessera_kernel::{Actor, InvitationId, OrganizationId, StoreError};

use super::{end_invitations::end, events::InvitationEvent};
use crate::{Orgs, model::InvitationState, policy};

/// Why the withdrawal failed.
#[derive(Debug, thiserror::Error)]
pub enum WithdrawInvitationError {
    /// The organization does not exist, or the actor is no member.
    #[error("there is no such organization")]
    NotFound,
    /// The organization has no such invitation.
    #[error("there is no such invitation")]
    InvitationNotFound,
    /// The actor's role does not permit this action.
    #[error("your role does not allow this")]
    Forbidden {
        /// The organization whose audit trail records the denied attempt.
        organization: OrganizationId,
    },
    /// The invitation was accepted.
    #[error("this invitation is closed")]
    Closed,
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
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
        let acting = actor.user().ok_or(WithdrawInvitationError::NotFound)?;
        let mut tx = self.ports.store.begin().await?;
        tx.organizations().lock(of).await?.ok_or(WithdrawInvitationError::NotFound)?;
        let own = self.locked_caller(&mut *tx, of, acting).await?.ok_or(WithdrawInvitationError::NotFound)?.role;
        if !policy::may_invite(own) {
            return Err(WithdrawInvitationError::Forbidden { organization: of });
        }
        let known = tx.invitations().find(of, id).await?.ok_or(WithdrawInvitationError::InvitationNotFound)?;
        if !policy::may_add(own, known.role) {
            return Err(WithdrawInvitationError::Forbidden { organization: of });
        }
        match known.state {
            InvitationState::Withdrawn { .. } => return Ok(()),
            InvitationState::Accepted { .. } => return Err(WithdrawInvitationError::Closed),
            InvitationState::Open => {}
        }
        end(&mut *tx, id, InvitationState::Withdrawn { at: self.ports.clock.now() }).await?;
        let withdrawn = InvitationEvent::Withdrawn { organization: of, invitation: id };
        tx.events().append(&self.event(actor, withdrawn)).await?;
        tx.commit().await?;
        Ok(())
    }
}
