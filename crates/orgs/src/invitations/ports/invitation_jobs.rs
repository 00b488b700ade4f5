//! Port of the jobs that delete old invitations.

use async_trait::async_trait;
use tessera_kernel::StoreError;
use time::OffsetDateTime;

/// Deletes old invitations and mail records. Each call commits by itself. Rows that another transaction has locked are
/// skipped.
#[async_trait]
pub trait InvitationJobs: Send + Sync {
    /// Deletes up to `most` invitations that were accepted, withdrawn or expired at or before that time. Those that
    /// ended first are deleted first. Returns their number. [`any_accepted`](super::InvitationRows::any_accepted) stays
    /// true for their organizations.
    async fn delete_invitations(&self, ended_until: OffsetDateTime, most: u32) -> Result<u64, StoreError>;

    /// Deletes up to `most` mail records of all organizations that were written at or before that time, oldest first.
    /// Returns their number.
    async fn delete_mail_notes(&self, written_until: OffsetDateTime, most: u32) -> Result<u64, StoreError>;
}
