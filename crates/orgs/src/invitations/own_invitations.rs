//! The invitations of the caller: list, acceptance and refusal with an access token.
//!
//! An invitation belongs to the caller if its address is the verified address of the caller's account. An unverified
//! address proves nothing: any user could have registered it.

use tessera_kernel::{Actor, InvitationId, Page, PageRequest, StoreError};

use super::{
    accept_invitation::AcceptedInvitation,
    end_invitations::end,
    events::InvitationEvent,
    join_by_invitation::{AcceptInvitationError, InvitationKey, JoinByInvitation, LockedInvitation},
};
use crate::{
    Orgs,
    model::{Invitation, InvitationState, Organization},
    policy,
};

/// Why an invitation of the caller can't be accepted or declined.
#[derive(Debug, thiserror::Error)]
pub enum OwnInvitationError {
    /// There is no pending invitation with this id to the verified address of the caller.
    #[error("there is no such invitation")]
    NotFound,
    /// The invitation can't be accepted.
    #[error(transparent)]
    Accept(AcceptInvitationError),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// With an id, an invalid invitation is one that the caller does not find.
impl From<AcceptInvitationError> for OwnInvitationError {
    fn from(error: AcceptInvitationError) -> Self {
        match error {
            AcceptInvitationError::Invalid => Self::NotFound,
            error => Self::Accept(error),
        }
    }
}

impl Orgs {
    /// Lists the pending invitations to the verified address of the caller, with their organizations, in ascending
    /// order of their ids. A page may have fewer invitations than its limit and still have a next page. Empty if the
    /// caller is not a user or has no verified address.
    ///
    /// # Errors
    /// Storage failed.
    pub async fn list_own_invitations(
        &self,
        actor: &Actor,
        page: PageRequest,
    ) -> Result<Page<(Invitation, Organization)>, StoreError> {
        let Some(user) = actor.user() else { return Ok(Page::default()) };
        let Some(email) = self.ports.user_profiles.find_verified_email(user).await? else { return Ok(Page::default()) };
        let now = self.ports.store.now().await?;
        let mut page = self.ports.store.list_invitations_to(&email, now, page).await?;
        page.items.retain(|(invitation, _, inviter)| {
            invitation.email.is_same_mailbox(&email) && policy::may_still_invite(*inviter, invitation.role)
        });
        Ok(page.map(|(invitation, organization, _)| (invitation, organization)))
    }

    /// Accepts an invitation of the caller. An existing member keeps the current role.
    ///
    /// # Errors
    /// Fails when the caller has no such invitation, another request holds the claim, a quota is reached, the session
    /// has ended, or storage fails.
    pub async fn accept_own_invitation(
        &self,
        actor: &Actor,
        id: InvitationId,
    ) -> Result<AcceptedInvitation, OwnInvitationError> {
        let known = self.find_own_invitation(actor, id).await?;
        let accounts = &self.ports.accounts;
        let account = accounts.verify_email(actor, &known.email).await.map_err(AcceptInvitationError::from)?;
        let join = JoinByInvitation {
            invitation: InvitationKey::Id(id),
            user: account.user,
            claim: None,
            actor: Some(actor.clone()),
            origin: actor.origin.clone(),
        };
        let membership = self.join_by_invitation(join).await?;
        // The user is a member by now. An error would say otherwise, and the caller has a token already.
        let token = accounts.continue_session(actor).await.ok();
        Ok(AcceptedInvitation { membership, account, token })
    }

    /// Declines an invitation of the caller. It ends like a withdrawn one, and its undelivered mails are cancelled.
    ///
    /// # Errors
    /// Fails when the caller has no such invitation, or storage fails.
    pub async fn decline_invitation(&self, actor: &Actor, id: InvitationId) -> Result<(), OwnInvitationError> {
        let known = self.find_own_invitation(actor, id).await?;
        let LockedInvitation { mut tx, organization, invitation, storage_time } =
            self.lock_invitation(None, &known).await?;
        if !invitation.is_pending(storage_time) {
            return Err(OwnInvitationError::NotFound);
        }
        end(&mut *tx, id, InvitationState::Withdrawn { at: storage_time }).await?;
        let declined = InvitationEvent::Declined { organization: organization.id, invitation: id };
        tx.events().append(&self.event(actor, declined)).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Finds an invitation of any state to the verified address of the caller.
    async fn find_own_invitation(&self, actor: &Actor, id: InvitationId) -> Result<Invitation, OwnInvitationError> {
        let user = actor.user().ok_or(OwnInvitationError::NotFound)?;
        let email = self.ports.user_profiles.find_verified_email(user).await?.ok_or(OwnInvitationError::NotFound)?;
        let (known, _) = self.find_invitation(&InvitationKey::Id(id)).await?;
        if known.email.is_same_mailbox(&email) { Ok(known) } else { Err(OwnInvitationError::NotFound) }
    }
}
