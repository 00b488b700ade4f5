//! A private certificate authority, and TLS servers with its certificates.

use std::{io::Write as _, sync::Arc};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, KeyUsagePurpose, date_time_ymd};
use tempfile::NamedTempFile;
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, crypto::aws_lc_rs, pki_types::PrivatePkcs8KeyDer},
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
