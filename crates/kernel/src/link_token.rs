//! One-time tokens in the links of mails.

use std::str::FromStr;

use crate::{Entropy, Secret};

/// A one-time token of 256 random bits, in base64url. Each kind of link wraps it in its own type. The token itself is
/// only in the mail. The service stores its hash.
#[derive(Debug, Clone)]
pub struct LinkToken(Secret<String>);

/// The text is not a valid token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is no token")]
pub struct LinkTokenError;

impl LinkToken {
    const BYTES: usize = 32;
    const LENGTH: usize = 43;
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    /// Generates a token.
    #[must_use]
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let mut bytes = [0; Self::BYTES];
        entropy.fill(&mut bytes);
        let mut text = String::with_capacity(Self::LENGTH);
        for group in bytes.chunks(3) {
            let bits =
                group.iter().fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte)) << (8 * (3 - group.len()));
            // A group of three bytes becomes four characters. The last group has two bytes and becomes three.
            let characters = (0..=group.len()).map(|place| Self::ALPHABET[bits >> (18 - 6 * place) & 63]);
            text.extend(characters.map(char::from));
        }
        Self(Secret::new(text))
    }

    /// The token as text, for the mail and for hashing.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl FromStr for LinkToken {
    type Err = LinkTokenError;

    fn from_str(text: &str) -> Result<Self, LinkTokenError> {
        if text.len() != Self::LENGTH || !text.bytes().all(|byte| Self::ALPHABET.contains(&byte)) {
            return Err(LinkTokenError);
        }
        Ok(Self(Secret::new(text.to_owned())))
    }
}
