//! The format of API keys, for programs that search for them.

use tessera_kernel::secret_text;

use super::raw_key::{KeyKind, RawKey};

/// The format of the keys of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFormat {
    /// The kind.
    pub kind: KeyKind,
    /// A regular expression for the keys, without anchors. It matches more texts than those with a valid checksum.
    pub pattern: String,
    /// The checksum at the end of a key.
    pub checksum: KeyChecksum,
    /// A text with a valid checksum. No key is generated with it.
    pub example: RawKey,
}

/// How the last characters of a key follow from those between the prefix and them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyChecksum {
    /// The algorithm, by its name in the catalogue of CRC algorithms.
    pub algorithm: &'static str,
    /// The number of characters that the checksum covers. They follow the prefix.
    pub covered: usize,
    /// The number of its own characters.
    pub length: usize,
    /// The digits in which the number is written, highest digit first, filled up with the first digit.
    pub alphabet: &'static str,
}

impl KeyFormat {
    /// The format of the keys of a kind.
    #[must_use]
    pub fn of(kind: KeyKind) -> Self {
        let digits = secret_text::DIGITS + secret_text::CHECKSUM;
        Self {
            kind,
            pattern: format!("{}[0-9A-Za-z]{{{digits}}}", kind.prefix()),
            checksum: KeyChecksum {
                algorithm: secret_text::CHECKSUM_ALGORITHM,
                covered: secret_text::DIGITS,
                length: secret_text::CHECKSUM,
                alphabet: secret_text::ALPHABET,
            },
            example: RawKey::of_random(kind, [0; 32]),
        }
    }
}
