//! Acceptance of an invitation: the account of the invited user, the membership, and an access token.

use tessera_kernel::{
    Actor, InvitationClaimId, InvitedAccount, InvitedUser, RequestMetadata, Secret, idempotent_request,
};

use super::join_by_invitation::{
    AcceptInvitationError, InvitationKey, JoinByInvitation, LockedInvitation, require_acceptable,
};
use crate::{
    Orgs,
    model::{Claim, InvitationToken, Membership},
};

/// A request to accept an invitation.
#[derive(Debug)]
pub struct AcceptInvitation {
    /// The token from the mail.
    pub token: InvitationToken,
    /// The password of a new account, or the one of the account that the address already has.
    pub password: Option<Secret<String>>,
    /// The display name of a new user.
    pub display_name: Option<String>,
    /// The user of the access token, if the request has one.
    pub actor: Option<Actor>,
    /// The `User-Agent` header.
    pub user_agent: Option<String>,
    /// Request metadata.
    pub origin: RequestMetadata,
}

/// An accepted invitation.
#[derive(Debug)]
pub struct AcceptedInvitation {
    /// The new membership, or the existing one of a user who was already a member.
    pub membership: Membership,
    /// The account of the user.
    pub account: InvitedAccount,
    /// An access token, if the request created the account or had an access token.
    pub token: Option<Secret<String>>,
}

impl Orgs {
    /// Accepts an invitation: provides the account of the invited address and adds it to the organization.
    ///
    /// Account and membership are in different domains, so in different transactions. If the process stops between the
    /// two, the same request succeeds when it is repeated, because the account exists by then.
    ///
    /// # Errors
    /// Fails when the token is not valid, another request holds the claim, a quota is reached, the account is not
    /// available, or storage fails.
    pub async fn accept_invitation(
        &self,
        command: AcceptInvitation,
    ) -> Result<AcceptedInvitation, AcceptInvitationError> {
        let AcceptInvitation { token, password, display_name, actor, user_agent, origin } = command;
        let email = self.view_invitation(&token).await?.invitation.email;
        let invited = InvitedUser { email, password, display_name, user_agent, origin };
        // Only the membership is the change of a request with an idempotency key. The rest can be repeated.
        let preparation = self.account_of(actor.as_ref(), &invited, &token);
        let (account, claim) = idempotent_request::preparing(preparation).await?;
        let membership = self
            .join_by_invitation(JoinByInvitation {
                invitation: InvitationKey::Token(token),
                user: account.user,
                claim,
                actor: actor.clone(),
                origin: invited.origin.clone(),
            })
            .await?;
        let accounts = &self.ports.accounts;
        let token = match &actor {
            Some(actor) => Some(accounts.continue_session(actor).await?),
            // Without an access token, only a new account gets a session: a forwarded mail must not open an existing
            // account.
            None if account.created => Some(accounts.first_session(account.user, &invited).await?),
            None => None,
        };
        Ok(AcceptedInvitation { membership, account, token })
    }

    /// Returns the account of the invited address. A caller with an access token must own that account, and the token
    /// verifies the address. A request that creates the account claims the invitation first: other requests cannot
    /// accept it until this one has joined.
    async fn account_of(
        &self,
        actor: Option<&Actor>,
        invited: &InvitedUser,
        token: &InvitationToken,
    ) -> Result<(InvitedAccount, Option<InvitationClaimId>), AcceptInvitationError> {
        let accounts = &self.ports.accounts;
        if let Some(actor) = actor {
            return Ok((accounts.verify_email(actor, &invited.email).await?, None));
        }
        // Hashing takes long. It comes before the claim, which is short.
        let prepared = accounts.prepare(invited).await?;
        let claim = match prepared {
            Some(_) => Some(self.claim_invitation(token).await?),
            None => None,
        };
        let account = accounts.provision(invited, prepared).await;
        // The account was not created, for example because another client registered the address in the meantime.
        // Without the claim, a caller with the password of that account can retry at once.
        if let (Err(_), Some(claim)) = (&account, claim) {
            self.release_invitation(token, claim).await?;
        }
        Ok((account?, claim))
    }

    /// Claims an invitation for the request that creates the account of the invited user.
    ///
    /// Account and membership are created in separate transactions. Without a claim, another request with the same
    /// token could accept the invitation in between, and the request that created the account would be rejected. A
    /// claim also counts in the quota of members, so no account is created for an organization that is full.
    ///
    /// # Errors
    /// Fails when the token is not valid, another request holds the claim, a quota is reached, or storage fails.
    pub async fn claim_invitation(&self, token: &InvitationToken) -> Result<InvitationClaimId, AcceptInvitationError> {
        let (known, hash) = self.find_invitation(&InvitationKey::Token(token.clone())).await?;
        let by = InvitationClaimId::generate(&self.ports.system);
        let LockedInvitation { mut tx, invitation, storage_time, .. } =
            self.lock_invitation(hash.as_ref(), &known).await?;
        require_acceptable(&mut *tx, &invitation, storage_time).await?;
        if invitation.is_claimed_by_another(None, storage_time) {
            return Err(AcceptInvitationError::Claimed);
        }
        // Checked before the account is created. The claim counts in the quota until the membership is added or the
        // claim expires.
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
        let (known, hash) = self.find_invitation(&InvitationKey::Token(token.clone())).await?;
        let LockedInvitation { mut tx, invitation, storage_time, .. } =
            self.lock_invitation(hash.as_ref(), &known).await?;
        if invitation.claim.is_some_and(|held| held.by == claim) {
            tx.invitations().claim(invitation.id, Claim { by: claim, until: storage_time }).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}
