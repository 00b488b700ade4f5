//! Retention of invitations and of the records of their mails.

use tessera_kernel::{StoreError, delete_in_steps};
use time::Duration;

use crate::{Orgs, model::Invitation};

/// How much longer the record of a mail is stored than the mail can be delivered.
const NOTE_MARGIN: Duration = Duration::days(2);

impl Orgs {
    /// Deletes the invitations that ended or expired [`Invitation::RETENTION`] ago. Returns their number.
    ///
    /// # Errors
    /// Fails when storage fails.
    pub async fn delete_old_invitations(&self) -> Result<u64, StoreError> {
        let until = self.ports.store.now().await? - Invitation::RETENTION;
        delete_in_steps(|most| self.ports.invitation_jobs.delete_invitations(until, most)).await
    }

    /// Deletes the records of mails that can no longer be delivered. Returns their number.
    ///
    /// # Errors
    /// Fails when storage fails.
    pub async fn delete_old_mail_notes(&self) -> Result<u64, StoreError> {
        let until = self.ports.system.now() - Invitation::TTL - NOTE_MARGIN;
        delete_in_steps(|most| self.ports.invitation_jobs.delete_mail_notes(until, most)).await
    }
}
