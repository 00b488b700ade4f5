//! Mails: written with the fact that they announce, delivered later and by somebody else.

use std::{error::Error, fmt, str::FromStr};

use async_trait::async_trait;
use time::{Duration, OffsetDateTime};

use crate::{EmailAddress, MailId, NoticeTopic, Secret, StoreError};

/// A mail to one person. Its parts may hold a link that opens something, so they print as `***`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// To whom.
    pub recipient: EmailAddress,
    /// What it is about, in one line.
    pub subject: String,
    /// What it says, as plain text.
    pub text: Secret<String>,
    /// The same as HTML.
    pub html: Secret<String>,
}

/// A mail as it waits in storage: nobody who reads the storage can read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedMail {
    /// The mail's id.
    pub id: MailId,
    /// To whom, for those who run the service.
    pub recipient: EmailAddress,
    /// Everything else.
    pub sealed: Vec<u8>,
    /// When it was written.
    pub created_at: OffsetDateTime,
    /// When it is no longer worth delivering.
    pub expires_at: OffsetDateTime,
}

/// A mail that somebody has taken out of the queue to deliver it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenMail {
    /// The mail.
    pub mail: SealedMail,
    /// How often it was taken, this time included.
    pub attempt: u32,
}

/// Why a mail will never get there. Nobody else's words, which might be about the recipient or hold anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailRefusal {
    /// It can't be written down as a message.
    Unwritable,
    /// The part of the address before the `@` has other letters than ASCII, and the mail server does not accept such
    /// addresses (SMTPUTF8, RFC 6531).
    NonAsciiAddress,
    /// The mail server answered so to the recipient or to the message (RFC 5321, section 4.2).
    Reply(u16),
}

/// `unwritable`, `non_ascii_address`, or the code of the answer.
impl fmt::Display for MailRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unwritable => f.write_str("unwritable"),
            Self::NonAsciiAddress => f.write_str("non_ascii_address"),
            Self::Reply(code) => write!(f, "{code}"),
        }
    }
}

/// The text is no reason.
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

/// What is left of a mail that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedMail {
    /// Who was to get it.
    pub recipient: EmailAddress,
    /// Why they did not.
    pub refusal: MailRefusal,
    /// When it ended.
    pub at: OffsetDateTime,
}

/// Keeps mails from being read where they wait.
pub trait MailSeal: Send + Sync {
    /// Seals a mail under its id, so that one can't be put in the place of another.
    ///
    /// # Errors
    /// [`StoreError::Other`] when the cipher fails.
    fn seal(
        &self,
        id: MailId,
        mail: &Mail,
        created_at: OffsetDateTime,
        expires_at: OffsetDateTime,
    ) -> Result<SealedMail, StoreError>;

    /// Opens what was sealed.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when it was sealed with another key or under another id, or was changed since.
    fn open(&self, mail: &SealedMail) -> Result<Mail, StoreError>;
}

/// The writing side of the outbox, a part of the transactions of domains that send mail.
#[async_trait]
pub trait Outbox: Send {
    /// Adds a mail, due at once. It is delivered after the commit of the transaction, and never without it. Conflict on
    /// `mails_id` when the id is taken.
    async fn add(&mut self, mail: &SealedMail) -> Result<(), StoreError>;

    /// Erases those of the mails that were neither delivered nor refused, and gives how many there were: from the commit on,
    /// nobody takes them. Whoever has taken one before may deliver it all the same, and then finds that there is no such mail.
    async fn take_back(&mut self, mails: &[MailId]) -> Result<u64, StoreError>;

    /// Counts one more notice of a topic to an address, in whatever case it is written, and gives how many that makes. The
    /// count begins anew once the first of them is as old as `window`. One statement, and held until the transaction ends:
    /// of many at once, no two that commit get the same number.
    async fn count_notice(
        &mut self,
        topic: NoticeTopic,
        to: &EmailAddress,
        now: OffsetDateTime,
        window: Duration,
    ) -> Result<u32, StoreError>;
}

/// The delivering side of the outbox.
#[async_trait]
pub trait MailQueue: Send + Sync {
    /// Takes up to `most` of the mails that are due and not expired, those that have been due for the longest first, and
    /// keeps them from everybody else until `until`. One statement: of many takers at once, no two get the same mail.
    async fn take(&self, now: OffsetDateTime, until: OffsetDateTime, most: u16) -> Result<Vec<TakenMail>, StoreError>;

    /// Marks a mail as delivered and erases what it said. Once it returns, nobody takes the mail again. `Ok(false)`, and
    /// nothing changes, when there is no such mail or it was delivered or refused before.
    async fn delivered(&self, id: MailId, at: OffsetDateTime) -> Result<bool, StoreError>;

    /// Ends a mail that will never get there. Erases what it said; the recipient, the time and the reason stay. Once it
    /// returns, nobody takes the mail again. `Ok(false)`, and nothing changes, when it was delivered or refused before, or
    /// was taken by somebody else since that attempt.
    async fn refuse(
        &self,
        id: MailId,
        attempt: u32,
        refusal: MailRefusal,
        at: OffsetDateTime,
    ) -> Result<bool, StoreError>;

    /// What is left of a mail that was refused. `Ok(None)` when there is no such mail, or it was not refused.
    async fn find_refused(&self, id: MailId) -> Result<Option<RefusedMail>, StoreError>;

    /// Makes a mail due again at `until`. `Ok(false)`, and nothing changes, when it was delivered or refused, or was taken
    /// by somebody else since that attempt.
    async fn put_off(&self, id: MailId, attempt: u32, until: OffsetDateTime) -> Result<bool, StoreError>;

    /// Erases the content of up to `most` mails that expired undelivered, oldest first, and returns how many. Those that
    /// another node is erasing are skipped.
    async fn erase_expired(&self, now: OffsetDateTime, most: u32) -> Result<u64, StoreError>;
}

/// A mail was not handed over.
#[derive(Debug, thiserror::Error)]
pub enum MailerError {
    /// It will be the same whenever this mail is sent.
    #[error("the mail was refused")]
    Refused {
        /// Why.
        refusal: MailRefusal,
        /// In whatever words.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The server can't be reached, does not take it at this moment, or takes nothing from us.
    #[error("the mail could not be handed over")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
}

/// Hands mails over to whatever carries them.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Hands a mail over. The same id makes the same message, so that a mail that came twice can be told from two mails.
    async fn send(&self, id: MailId, mail: &Mail) -> Result<(), MailerError>;
}

/// How long a mail waits after so many failed attempts: 5 s at first, twice as long each time, 15 min at most.
#[must_use]
pub fn back_off(attempts: u32) -> Duration {
    const FIRST: Duration = Duration::seconds(5);
    const LONGEST: Duration = Duration::minutes(15);
    // Eight doublings are beyond the longest already.
    let doubled = FIRST * (1_i32 << attempts.saturating_sub(1).min(8));
    doubled.min(LONGEST)
}
