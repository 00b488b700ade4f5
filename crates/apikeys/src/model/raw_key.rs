//! The key itself, as its holder sends it.

use std::str::FromStr;

use tessera_kernel::{Entropy, Secret};

use super::base62;

/// `ask_`, 43 base62 digits that carry 256 random bits, and the CRC-32 of those 43 characters in 6 base62 digits.
///
/// The checksum lets a secret scanner tell a real key from a lookalike, and lets a malformed one be refused before storage
/// is asked. It is no proof of anything: whoever has seen the format can compute it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawKey(Secret<String>);

/// The text is no key of this service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not an API key")]
pub struct RawKeyError;

impl RawKey {
    /// What every application key starts with.
    pub const PREFIX: &'static str = "ask_";
    /// Characters in the shown prefix of a key.
    pub const SHOWN: usize = 8;
    const RANDOM: usize = 43;
    const CHECKSUM: usize = 6;

    /// Draws a new key.
    #[must_use]
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let mut random = [0; 32];
        entropy.fill(&mut random);
        let random = base62::encode::<{ Self::RANDOM }>(random.to_vec());
        let checksum = checksum(&random);
        Self(Secret::new(format!("{}{random}{checksum}", Self::PREFIX)))
    }

    /// The key as its holder sends it.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// The first characters, by which people tell their keys apart.
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
