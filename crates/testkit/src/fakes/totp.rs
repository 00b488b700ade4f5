//! Fake time-based one-time passwords.

use std::sync::atomic::{AtomicU64, Ordering};

use tessera_identity::{
    model::{SealedTotpSecret, TotpCode, TotpSecret},
    ports::{TotpProvisioning, TotpVerifier},
};
use tessera_kernel::{Secret, StoreError, UserId};
use time::OffsetDateTime;

/// Computes codes without cryptography: of each 30 s another code, which depends on the secret. A sealed secret is the
/// secret, the user and a number.
#[derive(Debug, Default)]
pub struct FakeTotp {
    sealed: AtomicU64,
}

/// The length of a time step in seconds.
const STEP: i64 = 30;

fn code(secret: &[u8], step: i64) -> String {
    let sum =
        secret.iter().chain(&step.to_be_bytes()).fold(7_u64, |sum, byte| (sum * 31 + u64::from(*byte)) % 1_000_003);
    format!("{:06}", sum % 1_000_000)
}

impl FakeTotp {
    /// The code that an app with the provisioned secret shows at that time.
    ///
    /// # Panics
    /// Panics if the text is not a secret of [`TotpVerifier::provision`].
    #[must_use]
    pub fn code_at(secret: &TotpProvisioning, at: OffsetDateTime) -> String {
        code(secret.secret.expose().as_bytes(), at.unix_timestamp().div_euclid(STEP))
    }
}

fn text_of(secret: &TotpSecret) -> String {
    secret.expose().iter().fold(String::new(), |text, byte| text + &format!("{byte:02X}"))
}

impl TotpVerifier for FakeTotp {
    fn seal(&self, user: UserId, secret: &TotpSecret) -> Result<SealedTotpSecret, StoreError> {
        let number = self.sealed.fetch_add(1, Ordering::SeqCst);
        Ok(SealedTotpSecret::new(format!("{} {user} {number}", text_of(secret)).into_bytes()))
    }

    fn provision(&self, secret: &TotpSecret, account: &str) -> Result<TotpProvisioning, StoreError> {
        let secret = text_of(secret);
        let url = format!("otpauth://totp/{account}?secret={secret}");
        Ok(TotpProvisioning { secret: Secret::new(secret), url: Secret::new(url) })
    }

    fn matching_step(
        &self,
        user: UserId,
        sealed: &SealedTotpSecret,
        typed: &TotpCode,
        at: OffsetDateTime,
    ) -> Result<Option<i64>, StoreError> {
        let text = String::from_utf8_lossy(sealed.as_bytes()).into_owned();
        let mut parts = text.split(' ');
        let (secret, owner) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        if owner != user.to_string() {
            return Err(StoreError::Corrupt("totp_factors.sealed: of another user".to_owned()));
        }
        let now = at.unix_timestamp().div_euclid(STEP);
        Ok((now - 1..=now + 1).find(|step| code(secret.as_bytes(), *step) == typed.expose()))
    }
}
