//! List of the invitations of an organization.

use tessera_kernel::{Actor, InvitationId, OrganizationId, Page, PageRequest, StoreError};

use crate::{
    Orgs,
    model::{InvitationStatus, ListedInvitation},
    policy,
};

/// Why the read failed.
#[derive(Debug, thiserror::Error)]
pub enum ListInvitationsError {
    /// The organization does not exist, or the actor is no member.
    #[error("there is no such organization")]
    NotFound,
    /// The actor's role does not permit this action.
    #[error("your role does not allow this")]
    Forbidden {
        /// The organization whose audit trail records the denied attempt.
        organization: OrganizationId,
    },
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Orgs {
    /// Lists the invitations of every status, in ascending order of their id. An invitation is listed as withdrawn if
    /// its inviter could no longer send it, because it can't be accepted.
    ///
    /// # Errors
    /// Fails when the actor may not see invitations, or storage fails.
    pub async fn list_invitations(
        &self,
        actor: &Actor,
        id: OrganizationId,
        page: PageRequest,
    ) -> Result<Page<ListedInvitation>, ListInvitationsError> {
        let acting = actor.user().ok_or(ListInvitationsError::NotFound)?;
        let own = self.caller_membership(id, acting).await?.ok_or(ListInvitationsError::NotFound)?.role;
        if !policy::may_invite(own) {
            return Err(ListInvitationsError::Forbidden { organization: id });
        }
        let page = self.ports.store.list_invitations(id, page).await?;
        let ids: Vec<InvitationId> = page.items.iter().map(|(invitation, _)| invitation.id).collect();
        let deliveries = self.ports.store.list_deliveries(&ids).await?;
        let now = self.ports.store.now().await?;
        Ok(page.map(|(invitation, inviter)| {
            let status = match invitation.status(now) {
                InvitationStatus::Pending if !policy::may_still_invite(inviter, invitation.role) => {
                    InvitationStatus::Withdrawn
                }
                status => status,
            };
            ListedInvitation { status, delivery: deliveries.get(&invitation.id).copied(), invitation }
        }))
    }
}
