//! Somebody is about to come in, and has no account yet.

use tessera_kernel::InvitationClaimId;

use super::{accept_invitation::require_acceptable, lock_invitation::LockedInvitation};
use crate::{
    AcceptInvitationError, Orgs,
    model::{Claim, InvitationToken},
};

impl Orgs {
    /// Keeps an invitation for the request that makes the account which it is for. Account and membership are not made
    /// together: without this, another request with the same token could use the invitation up between the two, and the one
    /// that made the account would be refused. The claim also counts in the quota of members, so that the account is not
    /// created for an organization that has no room left when it is to be joined.
    ///
    /// # Errors
    /// See [`AcceptInvitationError`].
    pub async fn claim_invitation(&self, token: &InvitationToken) -> Result<InvitationClaimId, AcceptInvitationError> {
        let hash = self.ports.digest.digest(token.expose());
        let known = self.ports.store.find_invitation(&hash).await?.ok_or(AcceptInvitationError::Invalid)?;
        let by = InvitationClaimId::generate(&*self.ports.clock, &*self.ports.entropy);
        let LockedInvitation { mut tx, invitation, storage_time, .. } = self.lock_invitation(&hash, &known).await?;
        require_acceptable(&mut *tx, &invitation, storage_time).await?;
        if invitation.is_claimed_by_another(None, storage_time) {
            return Err(AcceptInvitationError::Claimed);
        }
        // Before the account is created. The claim keeps a place until the membership is added or the claim expires.
        let organization = invitation.organization_id;
        self.check_member_quota::<AcceptInvitationError>(&mut *tx, organization, storage_time).await?;
        tx.invitations().claim(invitation.id, Claim { by, until: storage_time + Claim::TTL }).await?;
        tx.commit().await?;
        Ok(by)
    }

    /// Lets others accept an invitation again that was claimed for nothing: no account was made. One that another request
    /// has claimed since stays with it.
    ///
    /// # Errors
    /// See [`AcceptInvitationError`].
    pub async fn release_invitation(
        &self,
        token: &InvitationToken,
        claim: InvitationClaimId,
    ) -> Result<(), AcceptInvitationError> {
        let hash = self.ports.digest.digest(token.expose());
        let known = self.ports.store.find_invitation(&hash).await?.ok_or(AcceptInvitationError::Invalid)?;
        let LockedInvitation { mut tx, invitation, storage_time, .. } = self.lock_invitation(&hash, &known).await?;
        if invitation.claim.is_some_and(|held| held.by == claim) {
            tx.invitations().claim(invitation.id, Claim { by: claim, until: storage_time }).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}
