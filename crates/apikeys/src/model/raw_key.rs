//! The secret of an API key.

use std::str::FromStr;

use tessera_kernel::{Entropy, Secret};

use super::base62;

/// The kind of a key, which its prefix shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// A key of an application.
    Application,
    /// A key of an organization.
    Organization,
}

impl KeyKind {
    /// All kinds.
    pub const ALL: [Self; 2] = [Self::Application, Self::Organization];

    const PREFIX_LENGTH: usize = {
        let length = Self::Application.prefix().len();
        assert!(length == Self::Organization.prefix().len(), "the prefixes of all kinds have one length");
        length
    };

    /// The prefix of every key of the kind.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Application => "ask_",
            Self::Organization => "osk_",
        }
    }
}

/// The secret of an API key: the prefix of its kind, 43 base62 digits that encode 256 random bits, and the CRC-32 of those 43
/// characters in 6 base62 digits.
///
/// The checksum allows secret scanners to recognize keys, and allows the service to reject a malformed key without a
/// storage access. It proves nothing about the sender: the format is public and the checksum can be computed from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawKey {
    kind: KeyKind,
    text: Secret<String>,
}

/// The text does not have the format of an API key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not an API key")]
pub struct RawKeyError;

impl RawKey {
    /// The number of characters of a key that may be shown.
    pub const SHOWN: usize = 8;
    /// The number of characters of a key of any kind.
    pub const LENGTH: usize = KeyKind::PREFIX_LENGTH + Self::RANDOM + Self::CHECKSUM;
    pub(super) const RANDOM: usize = 43;
    pub(super) const CHECKSUM: usize = 6;
    /// The algorithm of [`checksum`].
    pub(super) const CHECKSUM_ALGORITHM: &str = "CRC-32/ISO-HDLC";

    /// Returns whether the text begins like an API key. The rest may be wrong.
    #[must_use]
    pub fn has_prefix(text: &str) -> bool {
        KeyKind::ALL.iter().any(|kind| text.starts_with(kind.prefix()))
    }

    /// Generates a key.
    #[must_use]
    pub fn generate(kind: KeyKind, entropy: &dyn Entropy) -> Self {
        let mut random = [0; 32];
        entropy.fill(&mut random);
        Self::of_random(kind, random)
    }

    /// The key for these random bytes.
    pub(super) fn of_random(kind: KeyKind, random: [u8; 32]) -> Self {
        let random = base62::encode::<{ Self::RANDOM }>(random.to_vec());
        let checksum = checksum(&random);
        Self { kind, text: Secret::new(format!("{}{random}{checksum}", kind.prefix())) }
    }

    /// The kind of the key.
    #[must_use]
    pub const fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The key as clients send it.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.text.expose()
    }

    /// The first characters, which identify a key to its users.
    #[must_use]
    pub fn shown(&self) -> &str {
        self.expose().get(..Self::SHOWN).unwrap_or(self.kind.prefix())
    }
}

impl FromStr for RawKey {
    type Err = RawKeyError;

    fn from_str(text: &str) -> Result<Self, RawKeyError> {
        let kind = KeyKind::ALL.into_iter().find(|kind| text.starts_with(kind.prefix())).ok_or(RawKeyError)?;
        let digits = text.strip_prefix(kind.prefix()).ok_or(RawKeyError)?;
        if digits.len() != Self::RANDOM + Self::CHECKSUM || !base62::is_base62(digits) {
            return Err(RawKeyError);
        }
        let (random, stated) = digits.split_at(Self::RANDOM);
        if checksum(random) != stated {
            return Err(RawKeyError);
        }
        Ok(Self { kind, text: Secret::new(text.to_owned()) })
    }
}

fn checksum(random: &str) -> String {
    base62::encode::<{ RawKey::CHECKSUM }>(crc32fast::hash(random.as_bytes()).to_be_bytes().to_vec())
}
