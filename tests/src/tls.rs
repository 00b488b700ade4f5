//! A private certificate authority, TLS servers with its certificates, and clients that trust it.

use std::{
    io::{self, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime},
};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, KeyUsagePurpose, date_time_ymd};
use tempfile::NamedTempFile;
use tokio::net::TcpStream;
use tokio_rustls::{
    TlsAcceptor, TlsConnector,
    client::TlsStream,
    rustls::{
        ClientConfig, RootCertStore, ServerConfig, SupportedProtocolVersion,
        crypto::aws_lc_rs,
        pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName, pem::PemObject as _},
    },
};

/// A certificate authority that is trusted only by clients that are configured for it.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    file: NamedTempFile,
}

/// A certificate and its key in PEM format.
pub struct CertificateFiles {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

impl CertificateFiles {
    /// Writes `tls.crt` and `tls.key` to a directory.
    ///
    /// # Panics
    /// Panics if they can't be written.
    pub fn write_to(&self, directory: &Path) {
        for (name, text) in [("tls.crt", &self.certificate), ("tls.key", &self.key)] {
            let file = directory.join(name);
            ok(std::fs::write(&file, text));
            ok(std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)));
        }
    }

    /// The certificate of these files with the key of others.
    #[must_use]
    pub fn with_key_of(&self, other: &Self) -> Self {
        Self { certificate: self.certificate.clone(), key: other.key.clone() }
    }

    /// Returns whether the server of a connection has this certificate.
    ///
    /// # Panics
    /// Panics if the certificate can't be read.
    #[must_use]
    pub fn is_of(&self, connection: &TlsStream<TcpStream>) -> bool {
        let own = ok(CertificateDer::from_pem_slice(self.certificate.as_bytes()));
        connection.get_ref().1.peer_certificates().is_some_and(|chain| chain.first() == Some(&own))
    }
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

#[track_caller]
fn ok<T, E: std::fmt::Display>(result: Result<T, E>) -> T {
    result.unwrap_or_else(|error| panic!("no certificates: {error}"))
}

impl Authority {
    /// Creates an authority.
    ///
    /// # Panics
    /// Panics if the creation fails.
    #[must_use]
    pub fn new() -> Self {
        let mut parameters = ok(CertificateParams::new([]));
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let issuer = ok(CertifiedIssuer::self_signed(parameters, ok(KeyPair::generate())));
        let mut file = ok(NamedTempFile::new());
        ok(file.write_all(issuer.pem().as_bytes()));
        Self { issuer, file }
    }

    /// The path of the file with its certificate.
    #[must_use]
    pub fn path(&self) -> String {
        self.file.path().display().to_string()
    }

    /// Its certificate in PEM format.
    #[must_use]
    pub fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// A server with a certificate for the name.
    #[must_use]
    pub fn server(&self, name: &str) -> TlsAcceptor {
        self.acceptor(&ok(CertificateParams::new([name.to_owned()])))
    }

    /// A server whose certificate has expired.
    #[must_use]
    pub fn expired_server(&self, name: &str) -> TlsAcceptor {
        let mut parameters = ok(CertificateParams::new([name.to_owned()]));
        parameters.not_after = date_time_ymd(2020, 1, 1);
        self.acceptor(&parameters)
    }

    /// A certificate for the name and its key, in PEM format.
    #[must_use]
    pub fn certificate(&self, name: &str) -> CertificateFiles {
        self.issue(&ok(CertificateParams::new([name.to_owned()])))
    }

    /// A certificate for the name that has expired, and its key.
    #[must_use]
    pub fn expired_certificate(&self, name: &str) -> CertificateFiles {
        let mut parameters = ok(CertificateParams::new([name.to_owned()]));
        parameters.not_after = date_time_ymd(2020, 1, 1);
        self.issue(&parameters)
    }

    /// A certificate for the name that expires after this time, and its key.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the service compares it with the time of this machine")]
    pub fn certificate_for(&self, name: &str, valid_for: Duration) -> CertificateFiles {
        let mut parameters = ok(CertificateParams::new([name.to_owned()]));
        parameters.not_after = (SystemTime::now() + valid_for).into();
        self.issue(&parameters)
    }

    /// Encrypts a connection to `localhost` with one of these versions of TLS, and trusts no other authority.
    ///
    /// # Errors
    /// The handshake fails.
    pub async fn encrypt(
        &self,
        stream: TcpStream,
        versions: &[&'static SupportedProtocolVersion],
    ) -> io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        ok(roots.add(self.issuer.der().clone()));
        let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
        let builder = ok(builder.with_protocol_versions(versions)).with_root_certificates(roots);
        let mut config = builder.with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        TlsConnector::from(Arc::new(config)).connect(ok(ServerName::try_from("localhost")), stream).await
    }

    fn issue(&self, parameters: &CertificateParams) -> CertificateFiles {
        let key = ok(KeyPair::generate());
        let certificate = ok(parameters.signed_by(&key, &self.issuer));
        CertificateFiles { certificate: certificate.pem(), key: key.serialize_pem() }
    }

    fn acceptor(&self, parameters: &CertificateParams) -> TlsAcceptor {
        let key = ok(KeyPair::generate());
        let certificate = ok(parameters.signed_by(&key, &self.issuer));
        let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
        let builder = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
        let builder = ok(builder.with_safe_default_protocol_versions()).with_no_client_auth();
        TlsAcceptor::from(Arc::new(ok(builder.with_single_cert(vec![certificate.der().clone()], key))))
    }
}
