//! Whoever may invite looks at who was.

use tessera_kernel::{Actor, InvitationId, OrganizationId, Page, PageRequest, StoreError};

use crate::{
    Orgs,
    model::{InvitationStatus, ListedInvitation},
    policy,
};

/// There is nothing to show.
#[derive(Debug, thiserror::Error)]
pub enum ListInvitationsError {
    /// The organization does not exist, or the actor is no member.
    #[error("there is no such organization")]
    NotFound,
    /// The actor's role does not reach for this.
    #[error("your role does not allow this")]
    Forbidden {
        /// Whose administrators may learn that it was tried.
        organization: OrganizationId,
    },
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Orgs {
    /// The invitations, whatever became of them, in ascending order of their id. One whose inviter could not send it any
    /// more is withdrawn, since it can't be accepted.
    ///
    /// # Errors
    /// See [`ListInvitationsError`].
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
                InvitationStatus::Pending if !policy::may_answer_for(inviter, invitation.role) => {
                    InvitationStatus::Withdrawn
                }
                status => status,
            };
            ListedInvitation { status, delivery: deliveries.get(&invitation.id).copied(), invitation }
        }))
    }
}
