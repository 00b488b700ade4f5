//! The secret of an API key.

use std::str::FromStr;

use tessera_kernel::{Entropy, Secret};

use super::base62;

/// The secret of an API key: `ask_`, 43 base62 digits that encode 256 random bits, and the CRC-32 of those 43
/// characters in 6 base62 digits.
///
/// The checksum allows secret scanners to recognize keys, and allows the service to reject a malformed key without a
/// storage access. It proves nothing about the sender: the format is public and the checksum can be computed from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawKey(Secret<String>);

/// The text does not have the format of an API key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not an API key")]
pub struct RawKeyError;

impl RawKey {
    /// The prefix of every API key.
    pub const PREFIX: &'static str = "ask_";
    /// The number of characters of a key that may be shown.
    pub const SHOWN: usize = 8;
    const RANDOM: usize = 43;
    const CHECKSUM: usize = 6;

    /// Generates a key.
    #[must_use]
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let mut random = [0; 32];
        entropy.fill(&mut random);
        let random = base62::encode::<{ Self::RANDOM }>(random.to_vec());
        let checksum = checksum(&random);
        Self(Secret::new(format!("{}{random}{checksum}", Self::PREFIX)))
    }

    /// The key as clients send it.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// The first characters, which identify a key to its users.
    #[must_use]
    pub fn shown(&self) -> &str {
        self.expose().get(..Self::SHOWN).unwrap_or(Self::PREFIX)
    }
}

impl FromStr for RawKey {
    type Err = RawKeyError;

    fn from_str(text: &str) -> Result<Self, RawKeyError> {
        let digits = text.strip_prefix(Self::PREFIX).ok_or(RawKeyError)?;
        if digits.len() != Self::RANDOM + Self::CHECKSUM || !base62::is_base62(digits) {
            return Err(RawKeyError);
        }
        let (random, stated) = digits.split_at(Self::RANDOM);
        if checksum(random) != stated {
            return Err(RawKeyError);
        }
        Ok(Self(Secret::new(text.to_owned())))
    }
}

fn checksum(random: &str) -> String {
    base62::encode::<{ RawKey::CHECKSUM }>(crc32fast::hash(random.as_bytes()).to_be_bytes().to_vec())
}
