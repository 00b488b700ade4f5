//! Somebody is about to come in, and has no account yet.

use tessera_kernel::InvitationClaimId;

use crate::{
    AcceptInvitationError, Orgs,
    model::{Claim, InvitationToken},
};

impl Orgs {
    /// Keeps an invitation for the request that makes the account which it is for. Account and membership are not made
    /// together: without this, another request with the same token could use the invitation up between the two, and the one
    /// that made the account would be refused.
    ///
    /// # Errors
    /// See [`AcceptInvitationError`].
    pub async fn claim_invitation(&self, token: &InvitationToken) -> Result<InvitationClaimId, AcceptInvitationError> {
        let hash = self.ports.digest.digest_token(token);
        let known = self.ports.store.find_invitation(&hash).await?.ok_or(AcceptInvitationError::Invalid)?;
        let now = self.ports.store.now().await?;
        let by = InvitationClaimId::generate(&*self.ports.clock, &*self.ports.entropy);
        let mut tx = self.ports.store.begin().await?;
        tx.organizations().lock(known.organization_id).await?.ok_or(AcceptInvitationError::Invalid)?;
        let open = tx.invitations().lock_by_token(&hash).await?;
        let open = open.filter(|open| open.is_pending(self.ports.clock.now())).ok_or(AcceptInvitationError::Invalid)?;
        if open.is_claimed_by_another(None, now) {
            return Err(AcceptInvitationError::Claimed);
        }
        tx.invitations().claim(open.id, Claim { by, until: now + Claim::TTL }).await?;
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
        let hash = self.ports.digest.digest_token(token);
        let known = self.ports.store.find_invitation(&hash).await?.ok_or(AcceptInvitationError::Invalid)?;
        let now = self.ports.store.now().await?;
        let mut tx = self.ports.store.begin().await?;
        tx.organizations().lock(known.organization_id).await?.ok_or(AcceptInvitationError::Invalid)?;
        let open = tx.invitations().lock_by_token(&hash).await?.ok_or(AcceptInvitationError::Invalid)?;
        if open.claim.is_some_and(|held| held.by == claim) {
            tx.invitations().claim(open.id, Claim { by: claim, until: now }).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}
