//! Membership of the user of an accepted invitation.

use tessera_kernel::{
    AccountError, Actor, AuditEntry, Event, InvitationClaimId, InvitationId, QuotaExceeded, RequestMetadata, Role,
    SecretHash, StoreError, UserId,
};
use time::OffsetDateTime;

use super::{end_invitations::end, events::InvitationEvent};
use crate::{
    Orgs,
    members::events::MemberEvent,
    model::{Invitation, InvitationState, InvitationToken, Membership, Organization},
    policy,
    ports::OrgTransaction,
};

/// The token or the id of an invitation. A token is proof of the mail. An id requires that the user has verified the
/// invited address.
#[derive(Debug)]
pub enum InvitationKey {
    /// By the token from the mail.
    Token(InvitationToken),
    /// By its id, if the user has verified the invited address.
    Id(InvitationId),
}

/// Command of [`Orgs::join_by_invitation`].
#[derive(Debug)]
pub struct JoinByInvitation {
    /// The invitation.
    pub invitation: InvitationKey,
    /// The user whose address was invited.
    pub user: UserId,
    /// The claim of this request on the invitation, if it has one.
    pub claim: Option<InvitationClaimId>,
    /// The actor, if the request has a credential.
    pub actor: Option<Actor>,
    /// Request metadata.
    pub origin: RequestMetadata,
}

tessera_kernel::error_enum! {
    /// Why an invitation can't be viewed or accepted.
    pub enum AcceptInvitationError {
        /// The token or id is unknown; the invitation is expired, used, replaced or withdrawn; or the inviter may no longer invite; or the user has
        /// not verified the invited address. One error covers all cases, so that callers can't distinguish them.
        #[error("this invitation is not valid")]
        Invalid,
        /// Another request holds the claim on the invitation.
        #[error("this invitation is being accepted by another request")]
        Claimed,
    }
    from
        Quota(QuotaExceeded),
        /// The account of the invited user is not available.
        Account(AccountError),
        Store(StoreError),
}

/// An invitation of any state, under the lock of its organization.
pub(super) struct LockedInvitation {
    /// The transaction that holds the lock.
    pub(super) tx: Box<dyn OrgTransaction>,
    /// The organization of the invitation.
    pub(super) organization: Organization,
    /// The invitation, read under the lock.
    pub(super) invitation: Invitation,
    /// The database time, against which claims are checked.
    pub(super) storage_time: OffsetDateTime,
}

impl Orgs {
    /// Ends an invitation as accepted and adds its user as a member, in one transaction. An existing member keeps the
    /// current role. If the user becomes an owner, all owners get a mail.
    ///
    /// # Errors
    /// Fails when the token is not valid, another request holds the claim, a quota is reached, or storage fails.
    pub async fn join_by_invitation(&self, command: JoinByInvitation) -> Result<Membership, AcceptInvitationError> {
        let (known, token) = self.find_invitation(&command.invitation).await?;
        let account = self.ports.user_profiles.find_profile_by_verified_email(&known.email).await?;
        if account.is_none_or(|account| account.user_id != command.user || !account.has_mailbox(&known.email)) {
            return Err(AcceptInvitationError::Invalid);
        }
        let LockedInvitation { mut tx, organization, invitation, storage_time: now } =
            self.lock_invitation(token.as_ref(), &known).await?;
        // Checked under the lock, because the invitation may have changed since it was found.
        require_acceptable(&mut *tx, &invitation, now).await?;
        if invitation.is_claimed_by_another(command.claim, now) {
            return Err(AcceptInvitationError::Claimed);
        }
        // Also cancels undelivered mails. A mail that was delivered, but whose delivery was not recorded, would
        // otherwise be sent again with a used token.
        end(&mut *tx, invitation.id, InvitationState::Accepted { at: now }).await?;
        let accepted =
            InvitationEvent::Accepted { organization: organization.id, invitation: invitation.id, user: command.user };
        tx.events().append(&self.event_of(&command, accepted)).await?;
        let membership = self.join(&mut *tx, &command, &invitation, &organization, now).await?;
        tx.commit().await?;
        Ok(membership)
    }

    /// Returns the invitation, in any state and without a lock, and the hash of its token if the request has the token.
    pub(super) async fn find_invitation(
        &self,
        key: &InvitationKey,
    ) -> Result<(Invitation, Option<SecretHash>), AcceptInvitationError> {
        let (found, token) = match key {
            InvitationKey::Token(token) => {
                let hash = self.ports.digest.digest(token.expose());
                (self.ports.store.find_invitation(&hash).await?, Some(hash))
            }
            InvitationKey::Id(id) => (self.ports.store.find_invitation_by_id(*id).await?, None),
        };
        Ok((found.ok_or(AcceptInvitationError::Invalid)?, token))
    }

    /// Locks an invitation. `known` is the invitation that was found earlier, without a lock.
    pub(super) async fn lock_invitation(
        &self,
        token: Option<&SecretHash>,
        known: &Invitation,
    ) -> Result<LockedInvitation, AcceptInvitationError> {
        // Read before the lock is taken. A time that is too early makes a claim last longer; it never admits a second
        // request.
        let storage_time = self.ports.store.now().await?;
        let mut tx = self.ports.store.begin().await?;
        let organization = tx.organizations().lock(known.organization_id).await?;
        let organization = organization.ok_or(AcceptInvitationError::Invalid)?;
        let invitation = match token {
            // Not looked up by id: a resend replaces the token, and the old token must become invalid.
            Some(token) => tx.invitations().lock_by_token(token).await?,
            None => tx.invitations().find(organization.id, known.id).await?,
        };
        let invitation = invitation.ok_or(AcceptInvitationError::Invalid)?;
        Ok(LockedInvitation { tx, organization, invitation, storage_time })
    }

    async fn join(
        &self,
        tx: &mut dyn OrgTransaction,
        command: &JoinByInvitation,
        invitation: &Invitation,
        into: &Organization,
        storage_time: OffsetDateTime,
    ) -> Result<Membership, AcceptInvitationError> {
        let (organization, user, role) = (into.id, command.user, invitation.role);
        if let Some(present) = tx.memberships().find(organization, user).await? {
            return Ok(present);
        }
        let joined_at = self.ports.system.now();
        // The profile is visible at once: the organization knows the address, and the user has accepted the invitation.
        let (profile_visible_at, opened_at) = (Some(joined_at), Some(joined_at));
        let membership =
            Membership { organization_id: organization, user_id: user, role, joined_at, profile_visible_at, opened_at };
        // This invitation has ended above, so its own claim does not count.
        self.check_new_member::<AcceptInvitationError>(tx, &membership, storage_time).await?;
        tx.memberships().insert(&membership).await?;
        tx.departures().delete(organization, user).await?;
        let added = MemberEvent::Added { organization, user, role };
        tx.events().append(&self.event_of(command, added)).await?;
        if role == Role::Owner {
            self.notify_owners(tx, into, user, Some(invitation.invited_by)).await?;
        }
        Ok(membership)
    }

    fn event_of(&self, command: &JoinByInvitation, event: impl Into<AuditEntry>) -> Event {
        match &command.actor {
            Some(actor) => self.event(actor, event),
            None => Event::by_anonymous(&command.origin, event, &self.ports.system),
        }
    }
}

/// Checks that a locked invitation can be accepted at that time: it is pending, and its inviter could still send it.
pub(super) async fn require_acceptable(
    tx: &mut dyn OrgTransaction,
    invitation: &Invitation,
    now: OffsetDateTime,
) -> Result<(), AcceptInvitationError> {
    let inviter = tx.memberships().find(invitation.organization_id, invitation.invited_by).await?;
    let inviter = inviter.map(|inviter| inviter.role);
    if invitation.is_pending(now) && policy::may_still_invite(inviter, invitation.role) {
        return Ok(());
    }
    Err(AcceptInvitationError::Invalid)
}
