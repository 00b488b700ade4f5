//! Mails by SMTP.

mod cautious;
mod server;
mod trouble;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use lettre::{
    Address, Message,
    transport::smtp::{
        client::AsyncSmtpConnection,
        commands::{Data, Mail as MailFrom, Rcpt},
        extension::{Extension, MailBodyParameter, MailParameter},
    },
};
pub use server::{Authorities, AuthoritiesError, SmtpServer, SmtpUrlError};
use tessera_kernel::{Clock, Mail, MailId, Mailer, MailerError};
use tokio::time::timeout;
use trouble::{Step, Trouble};

use super::Sender;

/// How long handing a mail over may take, from the first byte to the last.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a server may take to say goodbye.
const FAREWELL: Duration = Duration::from_secs(1);

/// Hands mails over to a mail server, each by a connection of its own.
pub struct SmtpMailer {
    server: SmtpServer,
    sender: Sender,
    clock: Arc<dyn Clock>,
}

impl SmtpMailer {
    /// One that speaks to that server. Nothing is connected yet.
    #[must_use]
    pub fn new(server: SmtpServer, sender: Sender, clock: Arc<dyn Clock>) -> Self {
        Self { server, sender, clock }
    }

    /// Speaks with the server up to its last word about the mail. The connection is worth closing well whatever that is.
    async fn converse(&self, message: &Message) -> Result<(AsyncSmtpConnection, Result<(), Trouble>), Trouble> {
        let mut connection = self.server.connect().await?;
        let last_word = hand_over(&mut connection, message).await;
        Ok((connection, last_word))
    }
}

#[async_trait]
impl Mailer for SmtpMailer {
    async fn send(&self, id: MailId, mail: &Mail) -> Result<(), MailerError> {
        let message = self.sender.message(id, mail, self.clock.now())?;
        // One limit for all of it: a server that is slow at every step must not hold up the rest.
        let conversation = timeout(PATIENCE, self.converse(&message)).await;
        let (mut connection, last_word) = conversation.map_err(|_| Trouble::Slow(PATIENCE))??;
        // The mail is handed over or it is not: a slow farewell changes nothing about that.
        drop(timeout(FAREWELL, connection.quit()).await);
        Ok(last_word?)
    }
}

/// One mail (RFC 5321, section 3.3). Each step is told from the others, because a refusal means something else at each.
async fn hand_over(connection: &mut AsyncSmtpConnection, message: &Message) -> Result<(), Trouble> {
    let (envelope, bytes) = (message.envelope(), message.formatted());
    let mut parameters = Vec::new();
    let is_ascii = |address: &Address| AsRef::<str>::as_ref(address).is_ascii();
    if !envelope.to().iter().all(is_ascii) {
        // No other form of such an address exists, so another attempt at the same server can't help.
        require(connection, Extension::SmtpUtfEight).map_err(|_| Trouble::NonAsciiRecipient)?;
        parameters.push(MailParameter::SmtpUtfEight);
    } else if !envelope.from().is_none_or(is_ascii) {
        require(connection, Extension::SmtpUtfEight)?;
        parameters.push(MailParameter::SmtpUtfEight);
    }
    if !bytes.is_ascii() {
        require(connection, Extension::EightBitMime)?;
        parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
    }
    let sender = MailFrom::new(envelope.from().cloned(), parameters);
    connection.command(sender).await.map_err(|fault| Trouble::at(Step::Sender, fault))?;
    for recipient in envelope.to() {
        let recipient = Rcpt::new(recipient.clone(), Vec::new());
        connection.command(recipient).await.map_err(|fault| Trouble::at(Step::Recipient, fault))?;
    }
    connection.command(Data).await.map_err(|fault| Trouble::at(Step::Message, fault))?;
    connection.message(&bytes).await.map_err(|fault| Trouble::at(Step::Message, fault))?;
    Ok(())
}

fn require(connection: &AsyncSmtpConnection, extension: Extension) -> Result<(), Trouble> {
    if connection.server_info().supports_feature(extension) { Ok(()) } else { Err(Trouble::Unsupported(extension)) }
}
