//! Secrets that are issued once and stored as a hash.

use std::str::FromStr;

use data_encoding::HEXLOWER;
use tessera_kernel::{Entropy, Secret};

/// 256 random bits as 64 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OneTimeSecret(Secret<String>);

/// The text is not such a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 64 hexadecimal digits in lower case")]
pub struct SsoSecretError;

impl OneTimeSecret {
    /// Creates a random secret.
    #[must_use]
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let mut bytes = [0; 32];
        entropy.fill(&mut bytes);
        Self(Secret::new(HEXLOWER.encode(&bytes)))
    }

    /// Returns the text, for the recipient of the secret and for hashing.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl FromStr for OneTimeSecret {
    type Err = SsoSecretError;

    fn from_str(text: &str) -> Result<Self, SsoSecretError> {
        let good = text.len() == 64 && text.bytes().all(is_hex);
        if good { Ok(Self(Secret::new(text.to_owned()))) } else { Err(SsoSecretError) }
    }
}

/// Accepts lower case only, so that each value has one spelling.
pub(crate) fn is_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}
