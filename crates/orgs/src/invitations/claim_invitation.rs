//! Claims on invitations, for users without an account.

use tessera_kernel::InvitationClaimId;

use super::{join_by_invitation::require_acceptable, lock_invitation::LockedInvitation};
use crate::{
    AcceptInvitationError, Orgs,
    model::{Claim, InvitationToken},
};

impl Orgs {
    /// Claims an invitation for the request that creates the account of the invited user.
    ///
    /// Account and membership are created in separate transactions. Without a claim, another request with the same
    /// token could accept the invitation in between, and the request that created the account would be rejected. A
    /// claim also counts in the quota of members, so no account is created for an organization without room.
    ///
    /// # Errors
    /// Fails when the token is not valid, another request holds the claim, a quota is reached, or storage fails.
    pub async fn claim_invitation(&self, token: &InvitationToken) -> Result<InvitationClaimId, AcceptInvitationError> {
        let hash = self.ports.digest.digest(token.expose());
        let known = self.ports.store.find_invitation(&hash).await?.ok_or(AcceptInvitationError::Invalid)?;
        let by = InvitationClaimId::generate(&*self.ports.clock, &*self.ports.entropy);
        let LockedInvitation { mut tx, invitation, storage_time, .. } = self.lock_invitation(&hash, &known).await?;
        require_acceptable(&mut *tx, &invitation, storage_time).await?;
        if invitation.is_claimed_by_another(None, storage_time) {
            return Err(AcceptInvitationError::Claimed);
        }
        // Checked before the account is created. The claim keeps a place until the membership is added or the claim
        // expires.
        let organization = invitation.organization_id;
        self.check_member_quota::<AcceptInvitationError>(&mut *tx, organization, storage_time).await?;
        tx.invitations().claim(invitation.id, Claim { by, until: storage_time + Claim::TTL }).await?;
        tx.commit().await?;
        Ok(by)
    }

    /// Ends the claim of a request that created no account, so that other requests can accept the invitation. If
    /// another request has claimed the invitation since then, its claim stays.
    ///
    /// # Errors
    /// Fails when the token is not valid or storage fails.
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
