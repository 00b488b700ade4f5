//! What jobs do to invitations.

use async_trait::async_trait;
use tessera_kernel::StoreError;
use time::OffsetDateTime;

/// What jobs do to invitations. Each call is durable on its own; rows that another transaction holds are skipped.
#[async_trait]
pub trait InvitationJobs: Send + Sync {
    /// Deletes up to `most` invitations that were accepted or withdrawn, or expired, at that time or before, those that ended
    /// first, and returns the number. [`any_accepted`](super::InvitationRows::any_accepted) stays true for their
    /// organizations.
    async fn delete_invitations(&self, ended_until: OffsetDateTime, most: u32) -> Result<u64, StoreError>;

    /// Deletes up to `most` notes of mails that were written at that time or before, of all organizations, the oldest first,
    /// and returns the number.
    async fn delete_mail_notes(&self, written_until: OffsetDateTime, most: u32) -> Result<u64, StoreError>;
}
