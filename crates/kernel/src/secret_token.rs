//! Random secrets as text that programs can recognize.

use crate::{Entropy, Secret, base62};

/// A secret of 256 random bits: a prefix that shows its kind, 43 base62 digits that encode the bits, and the CRC-32 of those 43
/// characters in 6 base62 digits. Each kind of secret wraps it in its own type.
///
/// The checksum allows secret scanners to recognize a secret, and allows the service to reject a malformed one without a
/// storage access. It proves nothing about the sender: the format is public and the checksum can be computed from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretToken(Secret<String>);

/// The text does not have the format of a secret of this kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not a token of this kind")]
pub struct SecretTokenError;

impl SecretToken {
    /// The number of digits that encode the random bits.
    pub const RANDOM: usize = 43;
    /// The number of digits of the checksum.
    pub const CHECKSUM: usize = 6;
    /// The algorithm of the checksum, by its name in the catalogue of CRC algorithms.
    pub const CHECKSUM_ALGORITHM: &str = "CRC-32/ISO-HDLC";
    /// The digits in the order of their values.
    pub const ALPHABET: &str = base62::ALPHABET;

    /// Generates a secret.
    #[must_use]
    pub fn generate(prefix: &str, entropy: &dyn Entropy) -> Self {
        let mut random = [0; 32];
        entropy.fill(&mut random);
        Self::of_random(prefix, random)
    }

    /// The secret for these random bytes.
    #[must_use]
    pub fn of_random(prefix: &str, random: [u8; 32]) -> Self {
        let random = base62::encode::<{ Self::RANDOM }>(random.to_vec());
        let checksum = checksum(&random);
        Self(Secret::new(format!("{prefix}{random}{checksum}")))
    }

    /// Reads a secret of that prefix.
    ///
    /// # Errors
    /// The prefix, the length, a digit or the checksum is wrong.
    pub fn parse(prefix: &str, text: &str) -> Result<Self, SecretTokenError> {
        let digits = text.strip_prefix(prefix).ok_or(SecretTokenError)?;
        if digits.len() != Self::RANDOM + Self::CHECKSUM || !base62::is_base62(digits) {
            return Err(SecretTokenError);
        }
        let (random, stated) = digits.split_at(Self::RANDOM);
        if checksum(random) == stated { Ok(Self(Secret::new(text.to_owned()))) } else { Err(SecretTokenError) }
    }

    /// The secret as clients send it, and for hashing.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

fn checksum(random: &str) -> String {
    base62::encode::<{ SecretToken::CHECKSUM }>(crc32fast::hash(random.as_bytes()).to_be_bytes().to_vec())
}
