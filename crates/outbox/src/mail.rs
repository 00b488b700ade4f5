//! Mails, the outbox and the mail transport. A mail is written in the transaction of the change that it reports, and a
//! job delivers it later.

use std::{error::Error, fmt, str::FromStr};

use async_trait::async_trait;
use tessera_kernel::{EmailAddress, MailId, Secret, StoreError};
use time::{Duration, OffsetDateTime};

use crate::NoticeTopic;

/// A mail to one recipient. Its bodies may contain a one-time token, so they print as `***`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// The recipient.
    pub recipient: EmailAddress,
    /// The subject, one line.
    pub subject: String,
    /// The body as plain text.
    pub text: Secret<String>,
    /// The body as HTML.
    pub html: Secret<String>,
}

/// A mail as it is stored in the outbox. Its content is encrypted, so reading the storage does not reveal it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedMail {
    /// The id of the mail.
    pub id: MailId,
    /// The recipient. It is readable, for operators.
    pub recipient: EmailAddress,
    /// The encrypted remainder of the mail.
    pub sealed: Vec<u8>,
    /// When the mail was written.
    pub created_at: OffsetDateTime,
    /// When the mail expires. It is not delivered after that.
    pub expires_at: OffsetDateTime,
}

/// A mail that a node has taken from the queue for delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenMail {
    /// The mail.
    pub mail: SealedMail,
    /// How often the mail was taken, including this time.
    pub attempt: u32,
}

/// Why a mail can never be delivered. It contains no text of the mail server, which may contain the address or other
/// content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailRefusal {
    /// The mail cannot be encoded as a message.
    Unwritable,
    /// The part of the address before the `@` contains non-ASCII letters, and the mail server does not accept such
    /// addresses (SMTPUTF8, RFC 6531).
    NonAsciiAddress,
    /// The reply code of the mail server to the recipient or to the message (RFC 5321, section 4.2).
    Reply(u16),
}

/// `unwritable`, `non_ascii_address`, or the reply code.
impl fmt::Display for MailRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unwritable => f.write_str("unwritable"),
            Self::NonAsciiAddress => f.write_str("non_ascii_address"),
            Self::Reply(code) => write!(f, "{code}"),
        }
    }
}

/// The text is not a valid reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be unwritable, non_ascii_address, or the code of an answer")]
pub struct MailRefusalError;

impl FromStr for MailRefusal {
    type Err = MailRefusalError;

    fn from_str(text: &str) -> Result<Self, MailRefusalError> {
        match text {
            "unwritable" => Ok(Self::Unwritable),
            "non_ascii_address" => Ok(Self::NonAsciiAddress),
            code => code.parse().map(Self::Reply).map_err(|_| MailRefusalError),
        }
    }
}

/// The record that remains of a refused mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedMail {
    /// The recipient.
    pub recipient: EmailAddress,
    /// The reason.
    pub refusal: MailRefusal,
    /// When the mail was refused.
    pub at: OffsetDateTime,
}

/// Encrypts mails while they are stored.
pub trait MailSeal: Send + Sync {
    /// Encrypts a mail and binds it to its id, so that it cannot replace another mail.
    ///
    /// # Errors
    /// [`StoreError::Other`] if the cipher fails.
    fn seal(
        &self,
        id: MailId,
        mail: &Mail,
        created_at: OffsetDateTime,
        expires_at: OffsetDateTime,
    ) -> Result<SealedMail, StoreError>;

    /// Decrypts a mail.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the mail was encrypted with another key or under another id, or was changed later.
    fn open(&self, mail: &SealedMail) -> Result<Mail, StoreError>;
}

/// The writing side of the outbox, as part of the transactions of domains that send mail.
#[async_trait]
pub trait Outbox: Send {
    /// Adds a mail that is due at once. It is delivered only if the transaction commits. Fails with a conflict on
    /// `mails_id` if the id is taken.
    async fn add(&mut self, mail: &SealedMail) -> Result<(), StoreError>;

    /// Erases those of the mails that are neither delivered nor refused, and returns their number. After the commit, no
    /// node takes them. A node that took a mail before the commit may still deliver it, and then finds no such mail.
    async fn cancel(&mut self, mails: &[MailId]) -> Result<u64, StoreError>;

    /// Counts one more notice of a topic for an address, whose case is ignored, and returns the new count. The count
    /// restarts when the first notice of the window is at least as old as `window`. One statement does this and holds a
    /// lock until the transaction ends. Of concurrent transactions that commit, no two get the same number.
    async fn count_notice(
        &mut self,
        topic: NoticeTopic,
        to: &EmailAddress,
        now: OffsetDateTime,
        window: Duration,
    ) -> Result<u32, StoreError>;
}

/// The delivery side of the outbox.
#[async_trait]
pub trait MailQueue: Send + Sync {
    /// Takes up to `most` mails that are due and not expired, starting with those that are due for the longest time,
    /// and reserves them until `until`. One statement does this. Of concurrent callers, no two get the same mail.
    async fn take(&self, now: OffsetDateTime, until: OffsetDateTime, most: u16) -> Result<Vec<TakenMail>, StoreError>;

    /// Marks a mail as delivered and erases its content. After this call, no node takes the mail again. Returns
    /// `Ok(false)`, and changes nothing, if the mail does not exist or was delivered or refused before.
    async fn delivered(&self, id: MailId, at: OffsetDateTime) -> Result<bool, StoreError>;

    /// Marks a mail as undeliverable. Erases its content; the recipient, the time and the reason stay. After this call,
    /// no node takes the mail again. Returns `Ok(false)`, and changes nothing, if the mail was delivered or refused
    /// before, or another caller has taken it since that attempt.
    async fn refuse(
        &self,
        id: MailId,
        attempt: u32,
        refusal: MailRefusal,
        at: OffsetDateTime,
    ) -> Result<bool, StoreError>;

    /// The record of a refused mail. `Ok(None)` if the mail does not exist or was not refused.
    async fn find_refused(&self, id: MailId) -> Result<Option<RefusedMail>, StoreError>;

    /// Makes a mail due again at `until`. Returns `Ok(false)`, and changes nothing, if the mail was delivered or
    /// refused, or another caller has taken it since that attempt.
    async fn reschedule(&self, id: MailId, attempt: u32, until: OffsetDateTime) -> Result<bool, StoreError>;

    /// Erases the content of up to `most` mails that expired undelivered, oldest first, and returns their number. Mails
    /// that another node is erasing are skipped.
    async fn erase_expired(&self, now: OffsetDateTime, most: u32) -> Result<u64, StoreError>;

    /// Deletes up to `most` counts of [`Outbox::count_notice`] whose window began at that time or before, and returns the
    /// number. Those that another transaction holds are skipped.
    async fn delete_notice_counts(&self, started_until: OffsetDateTime, most: u32) -> Result<u64, StoreError>;
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

/// Returns how long a mail waits after that number of failed attempts: 5 s at first, then twice as long each time, at
/// most 15 min.
#[must_use]
pub fn back_off(attempts: u32) -> Duration {
    const FIRST: Duration = Duration::seconds(5);
    const LONGEST: Duration = Duration::minutes(15);
    // Eight doublings exceed the maximum.
    let doubled = FIRST * (1_i32 << attempts.saturating_sub(1).min(8));
    doubled.min(LONGEST)
}
