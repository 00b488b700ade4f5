//! An invitation, kept from others while it is decided what becomes of it.

use tessera_kernel::SecretHash;
use time::OffsetDateTime;

use crate::{
    AcceptInvitationError, Orgs,
    model::{Invitation, Organization},
    ports::OrgTransaction,
};

/// An invitation under the lock of its organization, whatever became of it.
pub(super) struct Held {
    /// What keeps it.
    pub(super) tx: Box<dyn OrgTransaction>,
    /// Into which organization.
    pub(super) organization: Organization,
    /// The invitation, as nobody else can change it now.
    pub(super) invitation: Invitation,
    /// The storage's time, by which claims are judged.
    pub(super) storage_time: OffsetDateTime,
}

impl Orgs {
    /// Keeps the invitation with that token from others. `known` is what was found by it, without a lock.
    pub(super) async fn hold_invitation(
        &self,
        token: &SecretHash,
        known: &Invitation,
    ) -> Result<Held, AcceptInvitationError> {
        // Asked before the lock: what is told too early keeps others out for longer, and never lets one in.
        let storage_time = self.ports.store.now().await?;
        let mut tx = self.ports.store.begin().await?;
        let organization = tx.organizations().lock(known.organization_id).await?;
        let organization = organization.ok_or(AcceptInvitationError::Invalid)?;
        // By its token, and not by its id: a resend gives it another, and this one is then worth nothing.
        let invitation = tx.invitations().lock_by_token(token).await?.ok_or(AcceptInvitationError::Invalid)?;
        Ok(Held { tx, organization, invitation, storage_time })
    }
}
