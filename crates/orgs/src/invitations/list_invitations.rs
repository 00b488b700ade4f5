//! List of the invitations of an organization.

use tessera_kernel::{AccessError, Actor, InvitationId, OrganizationId, Page, PageRequest};

use crate::{
    Orgs,
    model::{InvitationStatus, ListedInvitation},
    policy,
};

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
    ) -> Result<Page<ListedInvitation>, AccessError> {
        self.require(actor, id, policy::MANAGE).await?;
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
