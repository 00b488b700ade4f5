//! The secret of an API key.

use std::str::FromStr;

use tessera_kernel::{Entropy, Secret, secret_text};

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
/// characters in 6 base62 digits ([`secret_text`]).
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
    pub const LENGTH: usize = KeyKind::PREFIX_LENGTH + secret_text::DIGITS + secret_text::CHECKSUM;

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
        Self { kind, text: Secret::new(secret_text::encode(kind.prefix(), random)) }
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
        if !secret_text::is_well_formed(kind.prefix(), text) {
            return Err(RawKeyError);
        }
        Ok(Self { kind, text: Secret::new(text.to_owned()) })
    }
}
