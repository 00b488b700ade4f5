//! Viewing of an invitation by the holder of its token.

use super::join_by_invitation::AcceptInvitationError;
use crate::{
    Orgs,
    model::{InvitationToken, Invited},
    policy,
};

impl Orgs {
    /// Returns what a token invites to. Changes nothing.
    ///
    /// # Errors
    /// Fails when the token is not valid or storage fails.
    pub async fn view_invitation(&self, token: &InvitationToken) -> Result<Invited, AcceptInvitationError> {
        let hash = self.ports.digest.digest(token.expose());
        let now = self.ports.store.now().await?;
        let known = self.ports.store.find_invitation(&hash).await?.filter(|known| known.is_pending(now));
        let invitation = known.ok_or(AcceptInvitationError::Invalid)?;
        let inviting = self.ports.store.find_organization(invitation.organization_id, invitation.invited_by).await?;
        let (organization, inviting) = inviting.ok_or(AcceptInvitationError::Invalid)?;
        if !policy::may_add(inviting.role, invitation.role) {
            return Err(AcceptInvitationError::Invalid);
        }
        let inviter = self.profile(invitation.invited_by).await?;
        let account = self.ports.user_profiles.find_profile_by_email(&invitation.email).await?;
        Ok(Invited { invitation, organization, inviter, account: account.map(|profile| profile.user_id) })
    }
}
