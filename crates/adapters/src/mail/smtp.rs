//! Mails by SMTP.

use std::{error::Error, sync::Arc, time::Duration};

use async_trait::async_trait;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor, transport::smtp::AsyncSmtpTransportBuilder};
use tessera_kernel::{Clock, Mail, MailId, Mailer, MailerError};
use tokio::time::timeout;

use super::Sender;

/// How long handing a mail over may take, from the first byte to the last.
const PATIENCE: Duration = Duration::from_secs(10);

/// Hands mails over to a mail server.
pub struct SmtpMailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    sender: Sender,
    clock: Arc<dyn Clock>,
}

/// The address is not one of a mail server.
#[derive(Debug, thiserror::Error)]
#[error(
    "must be smtp://host:port, smtp://host:port?tls=required or smtps://host:port, with user:password@ before the host"
)]
pub struct SmtpUrlError(#[source] Box<dyn Error + Send + Sync>);

impl SmtpMailer {
    /// Whether that is the address of a mail server. Unlike [`Self::new`], it needs no runtime.
    ///
    /// # Errors
    /// See [`SmtpUrlError`].
    pub fn check(url: &str) -> Result<(), SmtpUrlError> {
        builder(url).map(drop)
    }

    /// One that speaks to the server of that address. Nothing is connected yet.
    ///
    /// # Errors
    /// See [`SmtpUrlError`].
    pub fn new(url: &str, sender: Sender, clock: Arc<dyn Clock>) -> Result<Self, SmtpUrlError> {
        Ok(Self { transport: builder(url)?.timeout(Some(PATIENCE)).build(), sender, clock })
    }
}

fn builder(url: &str) -> Result<AsyncSmtpTransportBuilder, SmtpUrlError> {
    AsyncSmtpTransport::<Tokio1Executor>::from_url(url).map_err(|fault| SmtpUrlError(Box::new(fault)))
}

#[async_trait]
impl Mailer for SmtpMailer {
    async fn send(&self, id: MailId, mail: &Mail) -> Result<(), MailerError> {
        let message = self.sender.message(id, mail, self.clock.now())?;
        // The transport's own limit is for each step; a server that is slow at every one of them must not hold up the rest.
        match timeout(PATIENCE, self.transport.send(message)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(fault)) if fault.is_permanent() => Err(MailerError::Refused(Box::new(fault))),
            Ok(Err(fault)) => Err(MailerError::Unavailable(Box::new(fault))),
            Err(late) => Err(MailerError::Unavailable(Box::new(late))),
        }
    }
}
