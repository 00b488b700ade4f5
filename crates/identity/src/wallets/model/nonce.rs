//! Nonces of messages that wallets sign.

use std::{fmt, str::FromStr};

use tessera_kernel::Entropy;

/// 22 base62 digits with 128 random bits. ERC-4361 allows only letters and digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nonce(String);

/// The text is not a nonce of this service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 22 letters and digits, as they came with the challenge")]
pub struct NonceError;

impl Nonce {
    /// Length in characters.
    pub const LENGTH: usize = 22;

    /// Creates a random nonce.
    #[must_use]
    pub fn generate(entropy: &dyn Entropy) -> Self {
        const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        let mut random = [0; 16];
        entropy.fill(&mut random);
        let mut number = u128::from_be_bytes(random);
        let digits = (0..Self::LENGTH).map(|_| {
            // The remainder is below 62, so the conversion cannot fail.
            let digit = usize::try_from(number % 62).unwrap_or_default();
            number /= 62;
            char::from(ALPHABET[digit])
        });
        Self(digits.collect())
    }

    /// Returns the nonce as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Nonce {
    type Err = NonceError;

    fn from_str(text: &str) -> Result<Self, NonceError> {
        let good = text.len() == Self::LENGTH && text.bytes().all(|b| b.is_ascii_alphanumeric());
        if good { Ok(Self(text.to_owned())) } else { Err(NonceError) }
    }
}

impl fmt::Display for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
