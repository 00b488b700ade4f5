//! Delivered mails, read with an independent mail parser.

use std::{path::Path, time::Duration};

use mail_parser::{Message, MessageParser};

use crate::{eventually, process::Installation};

/// Timeout for the delivery of a mail.
pub const DELIVERY_DEADLINE: Duration = Duration::from_secs(20);

/// A delivered mail.
#[derive(Debug, Clone)]
pub struct ReceivedMail {
    pub id: String,
    pub from: String,
    pub to: String,
    pub subject: String,
    pub text: String,
    pub html: String,
    /// The raw message.
    pub raw: String,
}

impl ReceivedMail {
    /// Parses a message.
    ///
    /// # Panics
    /// Panics if the message is invalid or lacks a part.
    #[must_use]
    pub fn read(raw: &[u8]) -> Self {
        let raw_text = String::from_utf8_lossy(raw).into_owned();
        let message = MessageParser::default().parse(raw).unwrap_or_else(|| panic!("no message: {raw_text}"));
        let part = |part: Option<std::borrow::Cow<'_, str>>| {
            part.unwrap_or_else(|| panic!("a part is missing: {raw_text}")).into_owned()
        };
        Self {
            id: message.message_id().unwrap_or_default().to_owned(),
            from: address(message.from()),
            to: address(message.to()),
            subject: subject(&message),
            text: part(message.body_text(0)),
            html: part(message.body_html(0)),
            raw: raw_text,
        }
    }

    /// The link in the mail.
    ///
    /// # Panics
    /// Panics if there is no link, or if the HTML part contains another one.
    #[must_use]
    pub fn link(&self) -> String {
        let link = self.text.split_whitespace().find(|word| word.starts_with("http")).map(str::to_owned);
        let link = link.unwrap_or_else(|| panic!("no link: {}", self.text));
        assert!(self.html.contains(&format!("href=\"{link}\"")), "{}", self.html);
        link
    }

    /// The token in the link of the mail.
    ///
    /// # Panics
    /// Panics if there is no token.
    #[must_use]
    pub fn token(&self) -> String {
        let link = self.link();
        link.split_once("token=").map_or_else(|| panic!("no token: {link}"), |(_, token)| token.to_owned())
    }
}

fn address(address: Option<&mail_parser::Address<'_>>) -> String {
    let first = address.and_then(|address| address.first()).and_then(|address| address.address());
    first.unwrap_or_default().to_owned()
}

fn subject(message: &Message<'_>) -> String {
    message.subject().unwrap_or_default().to_owned()
}

/// Every mail in the directory, in the order of creation.
#[must_use]
pub fn in_directory(directory: &Path) -> Vec<ReceivedMail> {
    let Ok(entries) = std::fs::read_dir(directory) else { return Vec::new() };
    let mut files: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "eml"));
    files.sort();
    files.iter().map(|path| ReceivedMail::read(&std::fs::read(path).unwrap_or_default())).collect()
}

/// Waits until the address has received `count` mails, and returns the last one.
///
/// # Panics
/// Panics if the mails do not arrive in time.
pub async fn last_of(installation: &Installation, to: &str, count: usize) -> ReceivedMail {
    eventually("a mail", DELIVERY_DEADLINE, || {
        let mut mails = in_directory(&installation.mail_directory());
        mails.retain(|mail| mail.to.eq_ignore_ascii_case(to));
        std::future::ready(if mails.len() >= count { mails.pop() } else { None })
    })
    .await
}
