//! Ports: the storage of the outbox, the encryption of stored mails, and the mail transport.

use std::error::Error;

use async_trait::async_trait;
use tessera_kernel::{MailId, StoreError};
use time::{Duration, OffsetDateTime};

use crate::{Envelope, Mail, MailRefusal, Notice, RefusedMail, SealedMail, TakenMail};

/// Encrypts mails while they are stored.
pub trait MailSeal: Send + Sync {
    /// Encrypts a mail and binds it to its id, so that it cannot replace another mail.
    ///
    /// # Errors
    /// [`StoreError::Other`] if the cipher fails.
    fn seal(&self, envelope: Envelope, mail: &Mail) -> Result<SealedMail, StoreError>;

    /// Decrypts a mail.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the mail was encrypted with another key or under another id, or was changed later.
    fn open(&self, mail: &SealedMail) -> Result<Mail, StoreError>;
}

/// The writing side of the outbox, as part of the transactions of domains that send mail.
#[async_trait]
pub trait Outbox: Send {
    /// Adds a mail that is due at once. It is delivered only if the transaction commits. It, or a
    /// later call of the transaction, fails with a conflict on `mails_id` if the id is taken.
    async fn add(&mut self, mail: &SealedMail) -> Result<(), StoreError>;

    /// Erases those of the mails that are neither delivered nor refused, and returns their number. It waits for a caller
    /// that is taking one of them. After the commit, no node takes them. A node that took a mail before the commit may still deliver it, and then finds no such mail.
    async fn cancel(&mut self, mails: &[MailId]) -> Result<u64, StoreError>;

    /// Counts one more notice of its topic for its address, whose case is ignored, and returns the new count. The count
    /// restarts when the first notice of the window is at least as old as `window`. One statement does this and holds a
    /// lock until the transaction ends. Of concurrent transactions that commit, no two get the same number.
    async fn count_notice(&mut self, notice: Notice<'_>, window: Duration) -> Result<u32, StoreError>;
}

/// The delivery side of the outbox, for messages of the kind [`MessageKind::Mail`](crate::MessageKind::Mail).
#[async_trait]
pub trait MailQueue: Send + Sync {
    /// Takes up to `most` mails that are due and not expired, starting with those that are due for the longest time,
    /// and reserves them until `until`. Messages of other kinds stay as they are. One statement does this. Of concurrent
    /// callers, no two get the same mail. Mails that another caller is taking or cancelling are skipped, so a call may
    /// return fewer mails than are due.
    async fn take(&self, now: OffsetDateTime, until: OffsetDateTime, most: u16) -> Result<Vec<TakenMail>, StoreError>;

    /// Marks a mail as delivered and erases its content. After this call, no node takes the mail again. Returns
    /// `Ok(false)`, and changes nothing, if the mail does not exist or was delivered or refused before.
    async fn delivered(&self, id: MailId, at: OffsetDateTime) -> Result<bool, StoreError>;

    /// Marks a mail as undeliverable. Erases its content; the recipient, the time and the reason stay. After this call,
    /// no node takes the mail again. Returns `Ok(false)`, and changes nothing, if the mail was delivered or refused
    /// before, or another caller has taken it since that attempt.
    async fn refuse(&self, id: MailId, attempt: u32, why: MailRefusal, at: OffsetDateTime) -> Result<bool, StoreError>;

    /// The record of a refused mail. `Ok(None)` if the mail does not exist or was not refused.
    async fn find_refused(&self, id: MailId) -> Result<Option<RefusedMail>, StoreError>;

    /// Makes a mail due again at `until`. Returns `Ok(false)`, and changes nothing, if the mail was delivered or
    /// refused, or another caller has taken it since that attempt.
    async fn reschedule(&self, id: MailId, attempt: u32, until: OffsetDateTime) -> Result<bool, StoreError>;

    /// Erases the content of up to `most` mails that expired undelivered, oldest first, and returns their number. Mails
    /// that another node is erasing are skipped.
    async fn erase_expired(&self, now: OffsetDateTime, most: u32) -> Result<u64, StoreError>;
}

/// Why the mail server did not accept a mail.
#[derive(Debug, thiserror::Error)]
pub enum MailerError {
    /// A permanent failure of this mail.
    #[error("the mail was refused")]
    Refused {
        /// The reason.
        refusal: MailRefusal,
        /// The cause.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A temporary failure: the server cannot be reached, rejects the mail for now, or rejects all mails of this
    /// service.
    #[error("the mail could not be handed over")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
}

/// The mail transport.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Sends a mail. The same id gives the same message id, so a recipient can recognize a mail that was sent twice.
    async fn send(&self, id: MailId, mail: &Mail) -> Result<(), MailerError>;
}
