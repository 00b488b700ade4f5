//! Mails, from writing to refusal.

use std::{fmt, str::FromStr};

use tessera_kernel::{EmailAddress, MailId, Secret};
use time::OffsetDateTime;

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

/// The id and the lifetime of a mail in the outbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Envelope {
    /// The id of the mail.
    pub id: MailId,
    /// When the mail was written.
    pub created_at: OffsetDateTime,
    /// When the mail expires. It is not delivered after that.
    pub expires_at: OffsetDateTime,
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

/// The mails that wait for their delivery.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WaitingMails {
    /// Their number.
    pub count: u64,
    /// When the oldest one was created.
    pub oldest: Option<OffsetDateTime>,
}
