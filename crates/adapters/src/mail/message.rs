//! Mails as messages (RFC 5322) with a text and an HTML part.

use std::{error::Error, net::IpAddr, str::FromStr, time::SystemTime};

use lettre::{
    Address, Message,
    message::{
        Body, Mailbox, MultiPart, SinglePart,
        header::{ContentTransferEncoding, ContentType},
    },
};
use tessera_kernel::{MailId, ProductName};
use tessera_outbox::{Mail, MailRefusal, MailerError};
use time::OffsetDateTime;
use url::Host;

/// The sender of all mails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender(Mailbox);

/// The text is not a valid sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an address at a named host, or a name and such an address, such as Tessera <no-reply@example.com>")]
pub struct SenderError;

impl FromStr for Sender {
    type Err = SenderError;

    fn from_str(text: &str) -> Result<Self, SenderError> {
        let mailbox: Mailbox = text.parse().map_err(|_| SenderError)?;
        // A domain with non-ASCII letters is written in its ASCII form, which every mail server accepts.
        let Ok(Host::Domain(domain)) = Host::parse(mailbox.email.domain()) else { return Err(SenderError) };
        let address = Address::new(mailbox.email.user(), domain).map_err(|_| SenderError)?;
        Ok(Self(Mailbox::new(mailbox.name, address)))
    }
}

impl std::fmt::Display for Sender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl Sender {
    /// Returns the default sender of a product for a host.
    ///
    /// # Errors
    /// [`SenderError`] if the host cannot be the domain of a sender.
    pub fn of_host(product: &ProductName, host: &str) -> Result<Self, SenderError> {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        // The header cannot contain an IP address in place of a domain name.
        let domain = if bare.parse::<IpAddr>().is_ok() { "localhost" } else { host };
        let address = Address::new("no-reply", domain).map_err(|_| SenderError)?;
        Ok(Self(Mailbox::new(Some(product.to_string()), address)))
    }

    /// Builds the message of a mail. The same id and time give the same headers.
    pub(super) fn message(&self, id: MailId, mail: &Mail, date: OffsetDateTime) -> Result<Message, MailerError> {
        let parts = MultiPart::alternative_plain_html(mail.text.expose().clone(), mail.html.expose().clone());
        self.with_parts(id, mail, date, parts)
    }

    /// Like [`Self::message`], but a link in a part is not divided and has no escapes, as in quoted-printable.
    pub(super) fn readable_message(
        &self,
        id: MailId,
        mail: &Mail,
        date: OffsetDateTime,
    ) -> Result<Message, MailerError> {
        let part = |text: &str, kind| SinglePart::builder().header(kind).body(unencoded(text));
        let parts = MultiPart::alternative()
            .singlepart(part(mail.text.expose(), ContentType::TEXT_PLAIN))
            .singlepart(part(mail.html.expose(), ContentType::TEXT_HTML));
        self.with_parts(id, mail, date, parts)
    }

    fn with_parts(
        &self,
        id: MailId,
        mail: &Mail,
        date: OffsetDateTime,
        parts: MultiPart,
    ) -> Result<Message, MailerError> {
        let recipient: Address = mail.recipient.with_ascii_domain().parse().map_err(unwritable)?;
        Message::builder()
            .from(self.0.clone())
            .to(recipient.into())
            .subject(plain(&mail.subject))
            .message_id(Some(format!("<{id}@{}>", self.0.email.domain())))
            .date(SystemTime::from(date))
            .multipart(parts)
            .map_err(unwritable)
    }
}

/// Maximum length of a line in bytes, without its end (RFC 5322, section 2.1.1).
const MAX_LINE: usize = 998;

/// Leaves the text as it is, unless a message cannot contain it (RFC 2045, section 2.8). `Body::new_with_encoding` does so
/// only up to 76 bytes in a line, which most links exceed.
fn unencoded(text: &str) -> Body {
    let lines = text.replace("\r\n", "\n");
    if lines.contains(['\0', '\r']) || lines.lines().any(|line| line.len() > MAX_LINE) {
        return Body::new(lines);
    }
    let encoding = if lines.is_ascii() { ContentTransferEncoding::SevenBit } else { ContentTransferEncoding::EightBit };
    Body::dangerous_pre_encoded(lines.replace('\n', "\r\n").into_bytes(), encoding)
}

fn unwritable(fault: impl Error + Send + Sync + 'static) -> MailerError {
    MailerError::Refused { refusal: MailRefusal::Unwritable, source: Box::new(fault) }
}

/// Mail clients decode text that looks like an encoded word (RFC 2047), and could then show characters that a name must
/// not contain. A zero-width space prevents the decoding.
fn plain(subject: &str) -> String {
    subject.replace("=?", "=\u{200B}?")
}
