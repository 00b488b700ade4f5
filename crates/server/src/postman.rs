//! Takes mails out of the outbox and sees to it that they get where they belong.

use std::{error::Error, sync::Arc};

use tessera_kernel::{
    Clock, MailQueue, MailSeal, Mailer, MailerError, StoreError, TakenMail, back_off, delete_in_steps,
};
use time::Duration;
use tokio::sync::watch;

/// How many mails are taken at a time, and for how long nobody else may take them: handing one over takes eleven seconds at
/// most, so that a node is done with all of them before its time is up.
const BATCH: u16 = 10;
const LEASE: Duration = Duration::minutes(2);

/// Delivers mails, except those that are refused for good: each at least once, and once only unless a node ends between
/// sending one and noting that.
pub(crate) struct Postman {
    pub(crate) queue: Arc<dyn MailQueue>,
    pub(crate) seal: Arc<dyn MailSeal>,
    pub(crate) mailer: Arc<dyn Mailer>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Postman {
    /// Delivers all mails that are due, unless the process is to end before.
    pub(crate) async fn round(&self, stopping: &watch::Receiver<bool>) -> Result<(), StoreError> {
        loop {
            let now = self.clock.now();
            let taken = self.queue.take(now, now + LEASE, BATCH).await?;
            let last = taken.len() < usize::from(BATCH);
            for mail in taken {
                // Another node need not wait for the lease of what this one will not come to.
                if *stopping.borrow() {
                    self.queue.put_off(mail.mail.id, mail.attempt, self.clock.now()).await?;
                } else {
                    self.deliver(&mail).await?;
                }
            }
            if last || *stopping.borrow() {
                return Ok(());
            }
        }
    }

    /// Erases what mails said that nobody will read any more.
    pub(crate) async fn erase_expired(&self) -> Result<(), StoreError> {
        match delete_in_steps(|most| self.queue.erase_expired(self.clock.now(), most)).await? {
            0 => {}
            mails => tracing::warn!(mails, "mails expired before they could be delivered"),
        }
        Ok(())
    }

    async fn deliver(&self, TakenMail { mail, attempt }: &TakenMail) -> Result<(), StoreError> {
        let (id, attempt) = (mail.id, *attempt);
        let sent = match self.seal.open(mail) {
            Ok(opened) => self.mailer.send(id, &opened).await,
            // Storage may give it back whole another time.
            Err(corrupt) => Err(MailerError::Unavailable(Box::new(corrupt))),
        };
        let now = self.clock.now();
        match sent {
            Ok(()) => {
                self.queue.delivered(id, now).await?;
                tracing::info!(mail = %id, attempt, "mail delivered");
            }
            Err(MailerError::Refused { refusal, .. }) => {
                // The server's own words are left out: they repeat the address as a rule.
                if self.queue.refuse(id, attempt, refusal, now).await? {
                    tracing::warn!(mail = %id, attempt, %refusal, "mail refused for good; it is not tried again");
                }
            }
            Err(MailerError::Unavailable(error)) => {
                let wait = back_off(attempt);
                let (cause, seconds) = (chain(&*error), wait.whole_seconds());
                // It may have been taken back meanwhile, or be somebody else's by now.
                if self.queue.put_off(id, attempt, now + wait).await? {
                    tracing::warn!(mail = %id, attempt, cause, seconds, "mail not delivered; trying again later");
                }
            }
        }
        Ok(())
    }
}

/// An error and all that it was caused by, in one line.
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
