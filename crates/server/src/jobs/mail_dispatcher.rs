//! Delivery of mails from the outbox.

use std::{error::Error, sync::Arc};

use tessera_kernel::{Clock, StoreError, delete_in_steps};
use tessera_outbox::{MailQueue, MailSeal, Mailer, MailerError, Notices, TakenMail, back_off};
use time::Duration;
use tokio::sync::watch;

/// The number of mails that are taken at once, and the time for which they are reserved. Sending a mail takes at most
/// eleven seconds, so a node finishes all of them before the reservation ends.
const BATCH: u16 = 10;
const LEASE: Duration = Duration::minutes(2);

/// Delivers mails that are not refused permanently. Each is delivered at least once. It is delivered twice only if a
/// node stops between sending it and recording that.
pub(crate) struct MailDispatcher {
    pub(crate) queue: Arc<dyn MailQueue>,
    pub(crate) seal: Arc<dyn MailSeal>,
    pub(crate) mailer: Arc<dyn Mailer>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl MailDispatcher {
    /// Delivers all mails that are due, until the process stops.
    pub(crate) async fn round(&self, stopping: &watch::Receiver<bool>) -> Result<(), StoreError> {
        loop {
            let now = self.clock.now();
            let taken = self.queue.take(now, now + LEASE, BATCH).await?;
            let last = taken.len() < usize::from(BATCH);
            for mail in taken {
                // Releases the mail, so that another node need not wait until the reservation ends.
                if *stopping.borrow() {
                    self.queue.reschedule(mail.mail.id, mail.attempt, self.clock.now()).await?;
                } else {
                    self.deliver(&mail).await?;
                }
            }
            if last || *stopping.borrow() {
                return Ok(());
            }
        }
    }

    /// Erases the content of expired mails.
    pub(crate) async fn erase_expired(&self) -> Result<(), StoreError> {
        match delete_in_steps(|most| self.queue.erase_expired(self.clock.now(), most)).await? {
            0 => {}
            mails => tracing::warn!(mails, "mails expired before they could be delivered"),
        }
        Ok(())
    }

    /// Deletes the counts of notices whose window ended long ago.
    pub(crate) async fn delete_old_counts(&self) -> Result<(), StoreError> {
        let until = self.clock.now() - Notices::WINDOW - Notices::RETENTION;
        delete_in_steps(|most| self.queue.delete_notice_counts(until, most)).await?;
        Ok(())
    }

    async fn deliver(&self, TakenMail { mail, attempt }: &TakenMail) -> Result<(), StoreError> {
        let (id, attempt) = (mail.id, *attempt);
        let sent = match self.seal.open(mail) {
            Ok(opened) => self.mailer.send(id, &opened).await,
            // The mail is tried again, because a later read from storage may succeed.
            Err(corrupt) => Err(MailerError::Unavailable(Box::new(corrupt))),
        };
        let now = self.clock.now();
        match sent {
            Ok(()) => {
                self.queue.delivered(id, now).await?;
                tracing::info!(mail = %id, attempt, "mail delivered");
            }
            Err(MailerError::Refused { refusal, .. }) => {
                // The text of the server is not logged, because it usually contains the address.
                if self.queue.refuse(id, attempt, refusal, now).await? {
                    tracing::warn!(mail = %id, attempt, %refusal, "mail refused for good; it is not tried again");
                }
            }
            Err(MailerError::Unavailable(error)) => {
                let wait = back_off(attempt);
                let (cause, seconds) = (chain(&*error), wait.whole_seconds());
                // The mail may have been cancelled meanwhile, or another node may have taken it.
                if self.queue.reschedule(id, attempt, now + wait).await? {
                    tracing::warn!(mail = %id, attempt, cause, seconds, "mail not delivered; trying again later");
                }
            }
        }
        Ok(())
    }
}

/// Formats an error and all its causes in one line.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}
