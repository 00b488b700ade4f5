//! A certificate and its private key in files.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{
    CertificateError, Error, InconsistentKeys,
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    sign::CertifiedKey,
};
use time::{Duration, OffsetDateTime};
use x509_cert::{Certificate, der::Decode as _};

use crate::private_file;

/// How long before its end the operator is reminded of a certificate.
const SOON: Duration = Duration::days(14);

/// The files, in PEM.
#[derive(Debug, Clone)]
pub(crate) struct TlsFiles {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

/// A chain of certificates with the private key of the first one.
#[derive(Debug)]
pub(crate) struct Pair {
    pub(super) certified: Arc<CertifiedKey>,
    pub(super) expires_at: OffsetDateTime,
}

/// Why a pair cannot be used, by the file that has to change.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PairError {
    #[error("{0}")]
    Certificate(String),
    #[error("{0}")]
    Key(String),
}

/// A certificate that is about to end.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Expiry {
    pub(crate) is_over: bool,
    pub(crate) detail: String,
}

pub(super) fn provider() -> CryptoProvider {
    aws_lc_rs::default_provider()
}

impl TlsFiles {
    /// Reads the files. A certificate that has expired can be used: some clients accept it, and the others show why they do
    /// not.
    pub(crate) fn load(&self) -> Result<Pair, PairError> {
        let (chain, expires_at) = read_chain(&self.certificate).map_err(PairError::Certificate)?;
        let key = read_key(&self.key).map_err(PairError::Key)?;
        let shown = self.key.display();
        let unusable = |error| PairError::Key(format!("{shown} holds a key that can't be used: {error}"));
        let key = provider().key_provider.load_private_key(key).map_err(unusable)?;
        let certified = CertifiedKey::new(chain, key);
        match certified.keys_match() {
            Ok(()) | Err(Error::InconsistentKeys(InconsistentKeys::Unknown)) => {
                Ok(Pair { certified: Arc::new(certified), expires_at })
            }
            Err(Error::InvalidCertificate(CertificateError::BadEncoding)) => {
                Err(PairError::Certificate(unreadable(&self.certificate)))
            }
            Err(_) => {
                let certificate = self.certificate.display();
                Err(PairError::Key(format!("{shown} is not the key of the certificate in {certificate}")))
            }
        }
    }
}

impl Pair {
    /// Returns what an operator should know about the end of the certificate, if it is near.
    pub(crate) fn expiry(&self, now: OffsetDateTime) -> Option<Expiry> {
        expiry_at(self.expires_at, now)
    }
}

pub(super) fn expiry_at(expires_at: OffsetDateTime, now: OffsetDateTime) -> Option<Expiry> {
    let (left, day) = (expires_at - now, expires_at.date());
    if left <= Duration::ZERO {
        Some(Expiry { is_over: true, detail: format!("the TLS certificate expired on {day}") })
    } else {
        let detail = || format!("the TLS certificate expires on {day}, in {} days", left.whole_days());
        (left < SOON).then(|| Expiry { is_over: false, detail: detail() })
    }
}

/// The certificates, and when the first one expires.
fn read_chain(path: &Path) -> Result<(Vec<CertificateDer<'static>>, OffsetDateTime), String> {
    let text = std::fs::read(path).map_err(|error| format!("{} can't be read: {error}", path.display()))?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    let chain = chain.map_err(|_| unreadable(path))?;
    let certificates: Result<Vec<_>, _> = chain.iter().map(|certificate| Certificate::from_der(certificate)).collect();
    let certificates = certificates.map_err(|_| unreadable(path))?;
    let Some(first) = certificates.first() else {
        return Err(format!("{} holds no certificate in PEM (-----BEGIN CERTIFICATE-----)", path.display()));
    };
    let expires_at = first.tbs_certificate().validity().not_after.to_system_time();
    Ok((chain, expires_at.into()))
}

fn unreadable(path: &Path) -> String {
    format!("{} holds a certificate that can't be read", path.display())
}

fn read_key(path: &Path) -> Result<PrivateKeyDer<'static>, String> {
    let text = private_file::read(path).map_err(|error| format!("{error:#}"))?;
    let text = text.ok_or_else(|| format!("{} does not exist", path.display()))?;
    PrivateKeyDer::from_pem_slice(text.as_bytes())
        .map_err(|_| format!("{} holds no private key in PEM (-----BEGIN PRIVATE KEY-----)", path.display()))
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn the_operator_is_reminded_two_weeks_before_the_end() {
        let end = datetime!(2030-06-15 12:00 UTC);
        assert_eq!(expiry_at(end, end - SOON), None);
        let expiry = expiry_at(end, end - SOON + Duration::SECOND).unwrap_or_else(|| panic!("no reminder"));
        assert_eq!(expiry.detail, "the TLS certificate expires on 2030-06-15, in 13 days");
        assert!(!expiry.is_over);
        assert!(expiry_at(end, end - Duration::SECOND).is_some_and(|expiry| !expiry.is_over));
        assert!(expiry_at(end, end).is_some_and(|expiry| expiry.is_over));
    }
}
