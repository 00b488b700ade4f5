//! Time-based one-time passwords (RFC 6238).

use std::sync::Arc;

use data_encoding::BASE32_NOPAD;
use tessera_identity::{
    model::{SealedTotpSecret, TotpCode, TotpSecret},
    ports::{TotpProvisioning, TotpVerifier},
};
use tessera_kernel::{Entropy, ProductName, Secret, StoreError, UserId};
use time::OffsetDateTime;
use totp_rs::{Algorithm, Builder, Totp};

use super::{MasterKey, sealed_names};

/// The parameters that all authenticator apps support: SHA-1, 6 digits, 30 s. The code of one step before and after is
/// accepted too, because the clocks of phones are not exact.
const STEP: u64 = 30;
const SKEW: u16 = 1;

/// Verifies TOTP codes, and seals their secrets with the master key.
pub struct SealedTotp {
    key: Arc<MasterKey>,
    entropy: Arc<dyn Entropy>,
    issuer: ProductName,
}

/// A colon separates issuer and account in the URL, so neither can contain one.
fn without_colon(text: &str) -> String {
    text.replace(':', " ")
}

fn other(error: impl std::fmt::Debug) -> StoreError {
    StoreError::Other(format!("totp: {error:?}").into())
}

impl SealedTotp {
    /// Creates a verifier with the master key. Authenticator apps show the product name as the issuer.
    #[must_use]
    pub fn new(key: Arc<MasterKey>, entropy: Arc<dyn Entropy>, issuer: ProductName) -> Self {
        Self { key, entropy, issuer }
    }

    fn totp(secret: &TotpSecret) -> Builder {
        let digits = u8::try_from(TotpCode::DIGITS).unwrap_or_default();
        Builder::new()
            .with_algorithm(Algorithm::SHA1)
            .with_digits(digits)
            .with_skew(SKEW)
            .with_step_duration(STEP)
            .with_secret(secret.expose().to_vec())
    }

    fn open(&self, user: UserId, sealed: &SealedTotpSecret) -> Result<Totp, StoreError> {
        let corrupt = |fault: &dyn std::fmt::Display| StoreError::Corrupt(format!("totp_factors.sealed: {fault}"));
        let opened = self.key.open(&sealed_names::totp(user), sealed.as_bytes()).map_err(|fault| corrupt(&fault))?;
        let bytes = opened.try_into().map_err(|_| corrupt(&"must have 20 bytes"))?;
        Self::totp(&TotpSecret::from_bytes(bytes)).build().map_err(other)
    }
}

impl TotpVerifier for SealedTotp {
    fn seal(&self, user: UserId, secret: &TotpSecret) -> Result<SealedTotpSecret, StoreError> {
        let sealed = self.key.seal(&sealed_names::totp(user), secret.expose(), &*self.entropy);
        sealed.map(SealedTotpSecret::new).map_err(|fault| StoreError::Other(Box::new(fault)))
    }

    fn provision(&self, secret: &TotpSecret, account: &str) -> Result<TotpProvisioning, StoreError> {
        let builder = Self::totp(secret)
            .with_issuer(Some(without_colon(self.issuer.as_str())))
            .with_account_name(without_colon(account));
        let url = builder.build().map_err(other)?.to_url().map_err(other)?;
        Ok(TotpProvisioning { secret: Secret::new(BASE32_NOPAD.encode(secret.expose())), url: Secret::new(url) })
    }

    fn matching_step(
        &self,
        user: UserId,
        sealed: &SealedTotpSecret,
        code: &TotpCode,
        at: OffsetDateTime,
    ) -> Result<Option<i64>, StoreError> {
        let seconds = u64::try_from(at.unix_timestamp()).map_err(other)?;
        let step = self.open(user, sealed)?.check(code.expose(), seconds);
        Ok(step.and_then(|step| i64::try_from(step).ok()))
    }
}
