//! Mail delivery by SMTP.

mod delivery_error;
mod server;
mod unbuffered_stream;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use delivery_error::{DeliveryError, Step};
use lettre::{
    Address, Message,
    transport::smtp::{
        client::AsyncSmtpConnection,
        commands::{Data, Mail as MailFrom, Rcpt},
        extension::{Extension, MailBodyParameter, MailParameter},
    },
};
use server::FAREWELL;
pub use server::{SmtpServer, SmtpUrlError};
use tessera_kernel::{Clock, MailId, TRACE_TARGET};
use tessera_outbox::{Mail, Mailer, MailerError};
use tokio::time::timeout;

use super::Sender;

/// Time limit of the delivery of one mail, from the first byte to the last.
const PATIENCE: Duration = Duration::from_secs(10);

/// Delivers mails to a mail server, with one connection for each mail.
pub struct SmtpMailer {
    server: SmtpServer,
    sender: Sender,
    clock: Arc<dyn Clock>,
}

impl SmtpMailer {
    /// Creates a mailer for the server. It does not connect yet.
    #[must_use]
    pub fn new(server: SmtpServer, sender: Sender, clock: Arc<dyn Clock>) -> Self {
        Self { server, sender, clock }
    }

    /// Connects, delivers the message, and returns the connection with the result. The caller closes the connection
    /// properly for either result.
    async fn converse(
        &self,
        message: &Message,
    ) -> Result<(AsyncSmtpConnection, Result<(), DeliveryError>), DeliveryError> {
        let mut connection = self.server.connect().await?;
        let last_word = hand_over(&mut connection, message).await;
        Ok((connection, last_word))
    }
}

#[async_trait]
impl Mailer for SmtpMailer {
    #[tracing::instrument(name = "mail", target = TRACE_TARGET, skip_all, fields(otel.kind = "client"))]
    async fn send(&self, id: MailId, mail: &Mail) -> Result<(), MailerError> {
        let message = self.sender.message(id, mail, self.clock.now())?;
        // One limit for all steps: a server that is slow at every step must not delay other mails.
        let conversation = timeout(PATIENCE, self.converse(&message)).await;
        let (mut connection, last_word) = conversation.map_err(|_| DeliveryError::Slow(PATIENCE))??;
        // The result of the delivery is known. A slow QUIT does not change it.
        drop(timeout(FAREWELL, connection.quit()).await);
        Ok(last_word?)
    }
}

/// Delivers one mail (RFC 5321, section 3.3). Errors contain the step, because a rejection has another meaning at each
/// step.
async fn hand_over(connection: &mut AsyncSmtpConnection, message: &Message) -> Result<(), DeliveryError> {
    let (envelope, bytes) = (message.envelope(), message.formatted());
    let mut parameters = Vec::new();
    let is_ascii = |address: &Address| AsRef::<str>::as_ref(address).is_ascii();
    if !envelope.to().iter().all(is_ascii) {
        // Such an address has no other form, so a retry with the same server cannot succeed.
        require(connection, Extension::SmtpUtfEight).map_err(|_| DeliveryError::NonAsciiRecipient)?;
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
    connection.command(sender).await.map_err(|fault| DeliveryError::at(Step::Sender, fault))?;
    for recipient in envelope.to() {
        let recipient = Rcpt::new(recipient.clone(), Vec::new());
        connection.command(recipient).await.map_err(|fault| DeliveryError::at(Step::Recipient, fault))?;
    }
    connection.command(Data).await.map_err(|fault| DeliveryError::at(Step::Message, fault))?;
    connection.message(&bytes).await.map_err(|fault| DeliveryError::at(Step::Message, fault))?;
    Ok(())
}

fn require(connection: &AsyncSmtpConnection, extension: Extension) -> Result<(), DeliveryError> {
    if connection.server_info().supports_feature(extension) {
        Ok(())
    } else {
        Err(DeliveryError::Unsupported(extension))
    }
}
