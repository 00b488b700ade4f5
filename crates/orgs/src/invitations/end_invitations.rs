//! End of invitations after a membership change.

use tessera_kernel::{Actor, InvitationId, OrganizationId, Role, StoreError, UserId};

use super::events::InvitationEvent;
use crate::{
    Orgs,
    model::InvitationState,
    policy,
    ports::{InvitationsOf, OrgTransaction},
};

impl Orgs {
    /// Ends the open invitation to the user whose membership changes, because its link would undo the change.
    pub(crate) async fn end_invitations_to(
        &self,
        tx: &mut dyn OrgTransaction,
        actor: &Actor,
        of: OrganizationId,
        invitee: UserId,
    ) -> Result<(), StoreError> {
        self.end_invitations(tx, actor, of, InvitationsOf::Invitee(invitee)).await
    }

    /// Ends the user's invitations that the remaining role could not send. `None`: the user is no longer a member.
    pub(crate) async fn end_invitations_by(
        &self,
        tx: &mut dyn OrgTransaction,
        actor: &Actor,
        of: OrganizationId,
        inviter: UserId,
        left: Option<Role>,
    ) -> Result<(), StoreError> {
        let roles: Vec<Role> = [Role::Owner, Role::Admin, Role::Member]
            .into_iter()
            .filter(|role| !policy::may_still_invite(left, *role))
            .collect();
        if roles.is_empty() {
            return Ok(());
        }
        self.end_invitations(tx, actor, of, InvitationsOf::Inviter { user: inviter, roles: &roles }).await
    }

    async fn end_invitations(
        &self,
        tx: &mut dyn OrgTransaction,
        actor: &Actor,
        of: OrganizationId,
        which: InvitationsOf<'_>,
    ) -> Result<(), StoreError> {
        for invitation in tx.invitations().withdraw_all(of, which, self.ports.system.now()).await? {
            cancel(tx, invitation).await?;
            let withdrawn = InvitationEvent::Withdrawn { organization: of, invitation };
            tx.events().append(&self.event(actor, withdrawn)).await?;
        }
        Ok(())
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
