//! Retention of invitations and of the notes of their mails.

use tessera_kernel::{StoreError, delete_in_steps};
use time::Duration;

use crate::{Orgs, model::Invitation};

/// How much longer the notes of mails are stored than mails may wait.
const NOTE_MARGIN: Duration = Duration::days(2);

impl Orgs {
    /// Deletes the invitations that ended or expired [`Invitation::RETENTION`] ago, and returns the number.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn delete_old_invitations(&self) -> Result<u64, StoreError> {
        let until = self.ports.store.now().await? - Invitation::RETENTION;
        delete_in_steps(|most| self.ports.invitation_jobs.delete_invitations(until, most)).await
    }

    /// Deletes the notes of mails that no longer wait, and returns the number.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn delete_old_mail_notes(&self) -> Result<u64, StoreError> {
        let until = self.ports.clock.now() - Invitation::TTL - NOTE_MARGIN;
        delete_in_steps(|most| self.ports.invitation_jobs.delete_mail_notes(until, most)).await
    }
}
