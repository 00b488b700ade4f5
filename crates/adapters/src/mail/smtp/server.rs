//! Mail server settings: address, TLS, credentials and trusted certificate authorities.

use std::{net::IpAddr, time::Duration};

use lettre::transport::smtp::{
    SMTP_PORT, SUBMISSION_PORT, SUBMISSIONS_PORT,
    authentication::{Credentials, DEFAULT_MECHANISMS},
    client::{AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters},
    extension::ClientId,
};
use percent_encoding::percent_decode_str;
use tessera_outbox::MailerError;
use tokio::{net::TcpStream, time::timeout};
use url::{Host, Url};

use super::{
    delivery_error::{DeliveryError, Step},
    unbuffered_stream::UnbufferedStream,
};
use crate::authorities::Authorities;

/// Time limit of the QUIT command.
pub(super) const FAREWELL: Duration = Duration::from_secs(1);

/// Why the URL of a mail server is rejected.
#[derive(Debug, thiserror::Error)]
pub enum SmtpUrlError {
    /// The URL does not have the expected form.
    #[error(
        "must be smtp://host:port, smtp://host:port?tls=required or smtps://host:port, with or without user:password@ before the host, such as smtps://user:password@mail.example.com:465"
    )]
    Malformed,
    /// The password would be readable on the network.
    #[error(
        "would send the password in the clear: use smtps:// or ?tls=required, such as smtps://user:password@mail.example.com:465"
    )]
    PasswordInTheClear,
    /// TLS cannot be set up, because there are no certificates to trust.
    #[error("asks for TLS, which can't be set up: {0}")]
    Tls(lettre::transport::smtp::Error),
}

/// A mail server.
pub struct SmtpServer {
    host: String,
    port: u16,
    security: Security,
    credentials: Option<Credentials>,
}

/// The TLS mode of a connection.
enum Security {
    /// Without TLS.
    Plain,
    /// With TLS if the server offers it (STARTTLS).
    Offered(TlsParameters),
    /// With TLS after STARTTLS. Without it, no mail is sent.
    Required(TlsParameters),
    /// With TLS from the first byte.
    Wrapped(TlsParameters),
}

impl SmtpServer {
    /// Parses the URL of a mail server. The given authorities must have issued its certificate. Without them, the
    /// authorities of the system are trusted.
    ///
    /// # Errors
    /// Fails if the URL is malformed, if the password would be sent without TLS, or if TLS cannot be set up.
    pub fn new(url: &str, trusted: Option<&Authorities>) -> Result<Self, SmtpUrlError> {
        let url = Url::parse(url).map_err(|_| SmtpUrlError::Malformed)?;
        let host = host(&url).ok_or(SmtpUrlError::Malformed)?;
        let tls = || tls(&host, trusted);
        let asked: Vec<_> = url.query_pairs().collect();
        let asked: Vec<_> = asked.iter().map(|(key, value)| (&**key, &**value)).collect();
        let (port, security) = match (url.scheme(), &*asked) {
            ("smtp", []) => (SMTP_PORT, Security::Plain),
            ("smtp", [("tls", "opportunistic")]) => (SUBMISSION_PORT, Security::Offered(tls()?)),
            ("smtp", [("tls", "required")]) => (SUBMISSION_PORT, Security::Required(tls()?)),
            ("smtps", []) => (SUBMISSIONS_PORT, Security::Wrapped(tls()?)),
            _ => return Err(SmtpUrlError::Malformed),
        };
        let server = Self { port: url.port().unwrap_or(port), security, credentials: credentials(&url)?, host };
        if !server.speaks_tls() && server.credentials.is_some() && !server.is_local() {
            return Err(SmtpUrlError::PasswordInTheClear);
        }
        Ok(server)
    }

    /// Returns whether TLS is used, at least if the server offers it.
    #[must_use]
    pub const fn speaks_tls(&self) -> bool {
        !matches!(self.security, Security::Plain)
    }

    /// Returns whether TLS is mandatory. If TLS is only used when the server offers it, an attacker on the network can
    /// remove the offer and read the password. TLS is therefore mandatory if there are credentials.
    const fn insists_on_tls(&self) -> bool {
        match self.security {
            Security::Plain => false,
            Security::Offered(_) => self.credentials.is_some(),
            Security::Required(_) | Security::Wrapped(_) => true,
        }
    }

    /// Connects and authenticates as for a mail, and sends none. Returns whether the connection is encrypted.
    ///
    /// # Errors
    /// Fails like a delivery.
    pub async fn check(&self) -> Result<bool, MailerError> {
        let mut connection = self.connect().await?;
        let is_encrypted = connection.is_encrypted();
        drop(timeout(FAREWELL, connection.quit()).await);
        Ok(is_encrypted)
    }

    /// Whether traffic to the server stays on this machine, and crosses no network.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.host == "localhost" || self.host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
    }

    /// Whether the server requires a user and a password.
    #[must_use]
    pub const fn has_credentials(&self) -> bool {
        self.credentials.is_some()
    }

    /// Connects with the configured TLS mode and authenticates. If TLS is mandatory, only the greeting is sent before
    /// TLS, and never the password.
    pub(super) async fn connect(&self) -> Result<AsyncSmtpConnection, DeliveryError> {
        let (address, own_name) = ((self.host.as_str(), self.port), ClientId::default());
        let connection = match &self.security {
            Security::Wrapped(tls) => {
                AsyncSmtpConnection::connect_tokio1(address, None, &own_name, Some(tls.clone()), None).await
            }
            Security::Plain | Security::Offered(_) | Security::Required(_) => {
                let stream = TcpStream::connect(address).await.map_err(DeliveryError::Unreachable)?;
                AsyncSmtpConnection::connect_with_transport(Box::new(UnbufferedStream(stream)), &own_name).await
            }
        };
        let mut connection = connection.map_err(|fault| DeliveryError::at(Step::Connection, fault))?;
        if let Security::Offered(tls) | Security::Required(tls) = &self.security
            && connection.can_starttls()
        {
            let upgraded = connection.starttls(tls.clone(), &own_name).await;
            upgraded.map_err(|fault| DeliveryError::at(Step::Connection, fault))?;
        }
        if self.insists_on_tls() && !connection.is_encrypted() {
            return Err(DeliveryError::NoTls);
        }
        if let Some(credentials) = &self.credentials {
            let signed_in = connection.auth(DEFAULT_MECHANISMS, credentials).await;
            signed_in.map_err(|fault| DeliveryError::at(Step::Credentials, fault))?;
        }
        Ok(connection)
    }
}

fn host(url: &Url) -> Option<String> {
    let nothing_else = matches!(url.path(), "" | "/") && url.fragment().is_none();
    let host = match url.host()? {
        // The parser does not decode names in `smtp:` URLs: non-ASCII letters are percent-encoded.
        Host::Domain(name) if name.contains('%') => Host::parse(name).ok()?.to_string(),
        Host::Domain(name) => name.to_owned(),
        Host::Ipv4(address) => address.to_string(),
        Host::Ipv6(address) => address.to_string(),
    };
    (nothing_else && !host.is_empty()).then_some(host)
}

fn credentials(url: &Url) -> Result<Option<Credentials>, SmtpUrlError> {
    let decoded = |text| percent_decode_str(text).decode_utf8().map_err(|_| SmtpUrlError::Malformed);
    match (url.username(), url.password()) {
        ("", None) => Ok(None),
        (user, Some(password)) if !user.is_empty() => {
            Ok(Some(Credentials::new(decoded(user)?.into_owned(), decoded(password)?.into_owned())))
        }
        // A user without a password, or a password without a user, cannot authenticate.
        _ => Err(SmtpUrlError::Malformed),
    }
}

fn tls(host: &str, trusted: Option<&Authorities>) -> Result<TlsParameters, SmtpUrlError> {
    let mut builder = TlsParameters::builder(host.to_owned());
    if let Some(trusted) = trusted {
        builder = builder.certificate_store(CertificateStore::None);
        for certificate in trusted.certificates() {
            let certificate = Certificate::from_der(certificate.to_vec()).map_err(SmtpUrlError::Tls)?;
            builder = builder.add_root_certificate(certificate);
        }
    }
    builder.build().map_err(SmtpUrlError::Tls)
}
