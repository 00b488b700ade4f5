//! Lock of an invitation.

use tessera_kernel::SecretHash;
use time::OffsetDateTime;

use crate::{
    AcceptInvitationError, Orgs,
    model::{Invitation, Organization},
    ports::OrgTransaction,
};

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
    /// Locks the invitation with the token. `known` is the invitation that was found earlier, without a lock.
    pub(super) async fn lock_invitation(
        &self,
        token: &SecretHash,
        known: &Invitation,
    ) -> Result<LockedInvitation, AcceptInvitationError> {
        // Read before the lock is taken. A time that is too early makes a claim last longer; it never admits a second
        // request.
        let storage_time = self.ports.store.now().await?;
        let mut tx = self.ports.store.begin().await?;
        let organization = tx.organizations().lock(known.organization_id).await?;
        let organization = organization.ok_or(AcceptInvitationError::Invalid)?;
        // Looked up by token, not by id: a resend replaces the token, and the old token must become invalid.
        let invitation = tx.invitations().lock_by_token(token).await?.ok_or(AcceptInvitationError::Invalid)?;
        Ok(LockedInvitation { tx, organization, invitation, storage_time })
    }
}
