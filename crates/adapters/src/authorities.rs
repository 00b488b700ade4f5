//! Certificate authorities that the operator names.

use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject as _},
};

/// Certificate authorities that are trusted instead of those of the system.
#[derive(Debug, Clone)]
pub struct Authorities(Vec<CertificateDer<'static>>);

/// Why the certificates cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AuthoritiesError {
    /// The text contains no certificate.
    #[error("holds no certificate in PEM (-----BEGIN CERTIFICATE-----)")]
    Empty,
    /// The text contains a malformed certificate.
    #[error("holds a certificate that can't be read")]
    Malformed,
}

impl Authorities {
    /// Reads one or more certificates in PEM.
    ///
    /// # Errors
    /// Fails if the text contains no certificate, or a malformed one.
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

    /// No authority: no certificate is trusted.
    pub(crate) const fn none() -> Self {
        Self(Vec::new())
    }

    pub(crate) fn certificates(&self) -> &[CertificateDer<'static>] {
        &self.0
    }
}
