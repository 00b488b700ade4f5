//! One-time codes of authenticator apps (RFC 6238).

use std::{fmt, str::FromStr};

use tessera_kernel::{Entropy, Secret, UserId};
use time::{Duration, OffsetDateTime};

/// The secret that the service shares with the authenticator app of a user: 160 random bits, the length of SHA-1 (RFC
/// 4226, section 4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TotpSecret(Secret<[u8; Self::BYTES]>);

impl TotpSecret {
    /// Length in bytes.
    pub const BYTES: usize = 20;

    /// Creates a random secret.
    #[must_use]
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let mut bytes = [0; Self::BYTES];
        entropy.fill(&mut bytes);
        Self(Secret::new(bytes))
    }

    /// Wraps the bytes of a secret.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        Self(Secret::new(bytes))
    }

    /// Returns the bytes.
    #[must_use]
    pub const fn expose(&self) -> &[u8; Self::BYTES] {
        self.0.expose()
    }
}

/// A TOTP secret as it is stored: encrypted.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedTotpSecret(Vec<u8>);

impl SealedTotpSecret {
    /// Wraps an encrypted secret.
    #[must_use]
    pub const fn new(sealed: Vec<u8>) -> Self {
        Self(sealed)
    }

    /// Returns the encrypted bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for SealedTotpSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealedTotpSecret")
    }
}

/// A code of 6 digits as an authenticator app shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TotpCode(Secret<String>);

/// The text is not a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be the 6 digits of the authenticator app")]
pub struct TotpCodeError;

impl TotpCode {
    /// Number of digits.
    pub const DIGITS: usize = 6;

    /// Returns the digits.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl FromStr for TotpCode {
    type Err = TotpCodeError;

    /// White space is ignored: apps show the digits in two groups.
    fn from_str(text: &str) -> Result<Self, TotpCodeError> {
        let digits: String = text.chars().filter(|c| !c.is_whitespace()).take(Self::DIGITS + 1).collect();
        let good = digits.len() == Self::DIGITS && digits.bytes().all(|b| b.is_ascii_digit());
        if good { Ok(Self(Secret::new(digits))) } else { Err(TotpCodeError) }
    }
}

/// A confirmed TOTP secret of a user, who has at most one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TotpFactor {
    /// The user.
    pub user: UserId,
    /// The secret. No two factors have the same sealed secret.
    pub sealed: SealedTotpSecret,
    /// The last time step that was accepted: the number of 30 s since 1970. Later codes must be of a later step.
    pub last_step: i64,
    /// When the secret was confirmed.
    pub created_at: OffsetDateTime,
}

/// A TOTP secret that the user has not confirmed yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TotpEnrollment {
    /// The user.
    pub user: UserId,
    /// The secret.
    pub sealed: SealedTotpSecret,
    /// When the enrollment expires, by the database clock.
    pub expires_at: OffsetDateTime,
}

impl TotpEnrollment {
    /// Time to confirm a secret.
    pub const TTL: Duration = Duration::minutes(10);
}
