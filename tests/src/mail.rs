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

    /// The code of six digits, which has a line of its own.
    ///
    /// # Panics
    /// Panics if there is no such line, or if the HTML part lacks the code.
    #[must_use]
    pub fn code(&self) -> String {
        let digits = |line: &&str| line.len() == 6 && line.bytes().all(|digit| digit.is_ascii_digit());
        let code = self.text.lines().map(str::trim).find(digits).unwrap_or_else(|| panic!("no code: {}", self.text));
        assert!(self.html.contains(&format!("<strong>{code}</strong>")), "{}", self.html);
        code.to_owned()
    }

    /// Returns whether a registration sent the mail. Most tests are not about these mails.
    #[must_use]
    pub fn is_verification(&self) -> bool {
        self.subject.starts_with("Verify your email address for ")
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

/// Every mail in the directory, in the order of creation, except those that a registration sends.
#[must_use]
pub fn in_directory(directory: &Path) -> Vec<ReceivedMail> {
    let mut mails = all_in_directory(directory);
    mails.retain(|mail| !mail.is_verification());
    mails
}

/// Every mail in the directory, in the order of creation.
#[must_use]
pub fn all_in_directory(directory: &Path) -> Vec<ReceivedMail> {
    let Ok(entries) = std::fs::read_dir(directory) else { return Vec::new() };
    let mut files: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "eml"));
    files.sort();
    files.iter().map(|path| ReceivedMail::read(&std::fs::read(path).unwrap_or_default())).collect()
}

/// Waits until the address has received `count` mails, and returns the last one. Mails that a registration sends do not
/// count.
///
/// # Panics
/// Panics if the mails do not arrive in time.
pub async fn last_of(installation: &Installation, to: &str, count: usize) -> ReceivedMail {
    last_that(installation, to, count, |mail| !mail.is_verification()).await
}

/// Waits until the address has received `count` mails of this kind, and returns the last one.
///
/// # Panics
/// Panics if the mails do not arrive in time.
pub async fn last_that(
    installation: &Installation,
    to: &str,
    count: usize,
    is_meant: impl Fn(&ReceivedMail) -> bool,
) -> ReceivedMail {
    eventually("a mail", DELIVERY_DEADLINE, || {
        let mut mails = all_in_directory(&installation.mail_directory());
        mails.retain(|mail| mail.to.eq_ignore_ascii_case(to) && is_meant(mail));
        std::future::ready(if mails.len() >= count { mails.pop() } else { None })
    })
    .await
}
