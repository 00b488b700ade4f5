//! A mail server: where it is, how it is spoken to, and by whom its certificate has to be issued.

use std::net::IpAddr;

use lettre::transport::smtp::{
    SMTP_PORT, SUBMISSION_PORT, SUBMISSIONS_PORT,
    authentication::{Credentials, DEFAULT_MECHANISMS},
    client::{AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters},
    extension::ClientId,
};
use percent_encoding::percent_decode_str;
use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject as _},
};
use tokio::net::TcpStream;
use url::{Host, Url};

use super::{
    cautious::Cautious,
    trouble::{Step, Trouble},
};

/// Authorities whose certificates are trusted in the place of the system's.
#[derive(Debug, Clone)]
pub struct Authorities(Vec<CertificateDer<'static>>);

/// There are no certificates to trust.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AuthoritiesError {
    /// Nothing in the text is one.
    #[error("holds no certificate in PEM (-----BEGIN CERTIFICATE-----)")]
    Empty,
    /// Something in the text looks like one and is not.
    #[error("holds a certificate that can't be read")]
    Malformed,
}

impl Authorities {
    /// Reads certificates, one after the other, in PEM.
    ///
    /// # Errors
    /// See [`AuthoritiesError`].
    pub fn from_pem(text: &[u8]) -> Result<Self, AuthoritiesError> {
        let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text).collect();
        let certificates = certificates.map_err(|_| AuthoritiesError::Malformed)?;
        if certificates.is_empty() {
            return Err(AuthoritiesError::Empty);
        }
        let mut store = RootCertStore::empty();
        for certificate in &certificates {
            store.add(certificate.clone()).map_err(|_| AuthoritiesError::Malformed)?;
        }
        Ok(Self(certificates))
    }
}

/// The address is not one of a mail server.
#[derive(Debug, thiserror::Error)]
pub enum SmtpUrlError {
    /// It does not have the form.
    #[error(
        "must be smtp://host:port, smtp://host:port?tls=required or smtps://host:port, with user:password@ before the host"
    )]
    Malformed,
    /// Everybody on the way could read the password.
    #[error("would send the password in the clear: use smtps:// or ?tls=required")]
    PasswordInTheClear,
    /// There is no TLS to be had, for want of certificates to trust.
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

/// Whether TLS keeps others from reading along.
enum Security {
    /// It does not.
    Plain,
    /// If the server offers it (STARTTLS).
    Offered(TlsParameters),
    /// It does from early on (STARTTLS), or nothing is sent.
    Required(TlsParameters),
    /// It does from the first byte.
    Wrapped(TlsParameters),
}

impl SmtpServer {
    /// Reads the address of a server. Its certificate has to be issued by these authorities, or, without them, by those
    /// that the system trusts.
    ///
    /// # Errors
    /// See [`SmtpUrlError`].
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
        // Nobody is on the way to this very machine.
        let here = server.host == "localhost" || server.host.parse().is_ok_and(|address: IpAddr| address.is_loopback());
        if !server.speaks_tls() && server.credentials.is_some() && !here {
            return Err(SmtpUrlError::PasswordInTheClear);
        }
        Ok(server)
    }

    /// Whether TLS is asked for, at least where the server offers it.
    #[must_use]
    pub const fn speaks_tls(&self) -> bool {
        !matches!(self.security, Security::Plain)
    }

    /// Whether nothing may be sent without TLS. Where it is merely taken when it is offered, somebody in between may have
    /// taken the offer away, and would get the password.
    const fn insists_on_tls(&self) -> bool {
        match self.security {
            Security::Plain => false,
            Security::Offered(_) => self.credentials.is_some(),
            Security::Required(_) | Security::Wrapped(_) => true,
        }
    }

    /// A connection that is as secure as it was asked to be, and signed in. Nothing but the greeting has gone in the clear
    /// when TLS was asked for, the password least of all.
    pub(super) async fn connect(&self) -> Result<AsyncSmtpConnection, Trouble> {
        let (address, own_name) = ((self.host.as_str(), self.port), ClientId::default());
        let connection = match &self.security {
            Security::Wrapped(tls) => {
                AsyncSmtpConnection::connect_tokio1(address, None, &own_name, Some(tls.clone()), None).await
            }
            Security::Plain | Security::Offered(_) | Security::Required(_) => {
                let stream = TcpStream::connect(address).await.map_err(Trouble::Unreachable)?;
                AsyncSmtpConnection::connect_with_transport(Box::new(Cautious(stream)), &own_name).await
            }
        };
        let mut connection = connection.map_err(|fault| Trouble::at(Step::Connection, fault))?;
        if let Security::Offered(tls) | Security::Required(tls) = &self.security
            && connection.can_starttls()
        {
            let upgraded = connection.starttls(tls.clone(), &own_name).await;
            upgraded.map_err(|fault| Trouble::at(Step::Connection, fault))?;
        }
        if self.insists_on_tls() && !connection.is_encrypted() {
            return Err(Trouble::NoTls);
        }
        if let Some(credentials) = &self.credentials {
            let signed_in = connection.auth(DEFAULT_MECHANISMS, credentials).await;
            signed_in.map_err(|fault| Trouble::at(Step::Credentials, fault))?;
        }
        Ok(connection)
    }
}

fn host(url: &Url) -> Option<String> {
    let nothing_else = matches!(url.path(), "" | "/") && url.fragment().is_none();
    let host = match url.host()? {
        // In `smtp:` URLs the parser leaves names as they are: other letters than ASCII come in percent-encoding.
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
        // Half of it would sign nobody in.
        _ => Err(SmtpUrlError::Malformed),
    }
}

fn tls(host: &str, trusted: Option<&Authorities>) -> Result<TlsParameters, SmtpUrlError> {
    let mut builder = TlsParameters::builder(host.to_owned());
    if let Some(Authorities(certificates)) = trusted {
        builder = builder.certificate_store(CertificateStore::None);
        for certificate in certificates {
            let certificate = Certificate::from_der(certificate.to_vec()).map_err(SmtpUrlError::Tls)?;
            builder = builder.add_root_certificate(certificate);
        }
    }
    builder.build().map_err(SmtpUrlError::Tls)
}
