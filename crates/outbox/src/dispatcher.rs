//! Delivery of the mails that are due.

use std::{error::Error, sync::Arc};

use tessera_kernel::{Clock, MailId, StoreError, delete_in_steps};
use time::Duration;

use crate::{MailQueue, MailRefusal, MailSeal, Mailer, MailerError, TakenMail, back_off};

/// The number of mails that are taken at once, and the time for which they are reserved. Sending a mail takes at most
/// eleven seconds, so a node finishes all of them before the reservation ends.
const BATCH: u16 = 10;
const LEASE: Duration = Duration::minutes(2);

/// Delivers mails that are not refused permanently. Each is delivered at least once. It is delivered twice only if a
/// node stops between sending it and recording that.
///
/// The dispatcher starts no task and logs nothing. The caller decides when a run begins, and reports the attempts.
pub struct Dispatcher {
    /// The stored mails.
    pub queue: Arc<dyn MailQueue>,
    /// Decrypts the stored mails.
    pub seal: Arc<dyn MailSeal>,
    /// The mail transport.
    pub mailer: Arc<dyn Mailer>,
    /// The clock of the node.
    pub clock: Arc<dyn Clock>,
}

/// An attempt to deliver a mail.
#[derive(Debug)]
pub struct Attempt {
    /// The id of the mail.
    pub mail: MailId,
    /// The number of the attempt. The first one is 1.
    pub number: u32,
    /// The outcome.
    pub outcome: DeliveryOutcome,
}

/// The outcome of an attempt to deliver a mail.
#[derive(Debug)]
pub enum DeliveryOutcome {
    /// The mail server accepted the mail.
    Delivered,
    /// The mail can never be delivered. There is no further attempt.
    Refused(MailRefusal),
    /// A temporary failure. The next attempt follows after the wait.
    Rescheduled {
        /// The wait.
        wait: Duration,
        /// The cause.
        cause: Box<dyn Error + Send + Sync>,
    },
}

impl Dispatcher {
    /// Delivers all mails that are due, until `stopping` returns true. Reports each attempt, except a failed one whose
    /// mail was cancelled or taken by another node meanwhile.
    ///
    /// # Errors
    /// Storage failed. Mails that were taken and not attempted are due again when their reservation ends.
    pub async fn deliver_due(
        &self,
        stopping: impl Fn() -> bool + Send,
        mut report: impl FnMut(Attempt) + Send,
    ) -> Result<(), StoreError> {
        loop {
            let now = self.clock.now();
            let taken = self.queue.take(now, now + LEASE, BATCH).await?;
            let last = taken.len() < usize::from(BATCH);
            for mail in taken {
                // Releases the mail, so that another node need not wait until the reservation ends.
                if stopping() {
                    self.queue.reschedule(mail.mail.id, mail.attempt, self.clock.now()).await?;
                } else if let Some(outcome) = self.deliver(&mail).await? {
                    report(Attempt { mail: mail.mail.id, number: mail.attempt, outcome });
                }
            }
            if last || stopping() {
                return Ok(());
            }
        }
    }

    /// Erases the content of expired mails, and returns their number.
    ///
    /// # Errors
    /// Storage failed.
    pub async fn erase_expired(&self) -> Result<u64, StoreError> {
        delete_in_steps(|most| self.queue.erase_expired(self.clock.now(), most)).await
    }

    /// Returns `Ok(None)` if the attempt failed and storage did not record it.
    async fn deliver(&self, TakenMail { mail, attempt }: &TakenMail) -> Result<Option<DeliveryOutcome>, StoreError> {
        let (id, attempt) = (mail.id, *attempt);
        let sent = match self.seal.open(mail) {
            Ok(opened) => self.mailer.send(id, &opened).await,
            // The mail is tried again, because a later read from storage may succeed.
            Err(corrupt) => Err(MailerError::Unavailable(Box::new(corrupt))),
        };
        let now = self.clock.now();
        match sent {
            Ok(()) => {
                // A mail that was cancelled meanwhile was sent nevertheless.
                self.queue.delivered(id, now).await?;
                Ok(Some(DeliveryOutcome::Delivered))
            }
            Err(MailerError::Refused { refusal, .. }) => {
                let recorded = self.queue.refuse(id, attempt, refusal, now).await?;
                Ok(recorded.then_some(DeliveryOutcome::Refused(refusal)))
            }
            Err(MailerError::Unavailable(cause)) => {
                let wait = back_off(attempt);
                // The mail may have been cancelled meanwhile, or another node may have taken it.
                let recorded = self.queue.reschedule(id, attempt, now + wait).await?;
                Ok(recorded.then_some(DeliveryOutcome::Rescheduled { wait, cause }))
            }
        }
    }
}
