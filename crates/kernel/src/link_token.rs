//! What opens something to whoever has read a mail.

use std::str::FromStr;

use crate::{Entropy, Secret};

/// 256 random bits in base64url, as the link in a mail carries them. Each kind of link has a type of its own around this
/// one. They stand in the mail and nowhere else: what is kept is a hash.
#[derive(Debug, Clone)]
pub struct LinkToken(Secret<String>);

/// The text can't be a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is no token")]
pub struct LinkTokenError;

impl LinkToken {
    const BYTES: usize = 32;
    const LENGTH: usize = 43;
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    /// Draws a new one.
    #[must_use]
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let mut bytes = [0; Self::BYTES];
        entropy.fill(&mut bytes);
        let mut text = String::with_capacity(Self::LENGTH);
        for group in bytes.chunks(3) {
            let bits =
                group.iter().fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte)) << (8 * (3 - group.len()));
            // Three bytes make four characters, the last two of them three.
            let characters = (0..=group.len()).map(|place| Self::ALPHABET[bits >> (18 - 6 * place) & 63]);
            text.extend(characters.map(char::from));
        }
        Self(Secret::new(text))
    }

    /// The text, for the mail and for its hash.
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
