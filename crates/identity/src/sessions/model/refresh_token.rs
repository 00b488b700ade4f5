//! Refresh tokens.

use std::str::FromStr;

use tessera_kernel::{Entropy, Secret, secret_text};

/// The random part that all refresh tokens of a session share. Only its hash is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshFamily(Secret<[u8; 16]>);

/// The number of bytes of a code.
const CODE: usize = 12;

impl RefreshFamily {
    /// Generates the family of a new session.
    #[must_use]
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let mut random = [0; 16];
        entropy.fill(&mut random);
        Self(Secret::new(random))
    }

    /// The family as text, for hashing.
    #[must_use]
    pub fn hashed_text(&self) -> Secret<String> {
        Secret::new(format!("refresh {:032x}", u128::from_be_bytes(*self.0.expose())))
    }

    /// The message whose code authenticates the token of a generation.
    #[must_use]
    pub fn message(&self, generation: u32) -> [u8; 20] {
        let mut message = [0; 20];
        let (family, number) = message.split_at_mut(16);
        family.copy_from_slice(self.0.expose());
        number.copy_from_slice(&generation.to_be_bytes());
        message
    }
}

/// A refresh token: `rt_`, then a secret in the form of [`secret_text`]. The secret is the family (128 bits), the
/// generation (32 bits) and a code (96 bits), which the service computes from both with a key that only it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshToken {
    /// The family of the session.
    pub family: RefreshFamily,
    /// The number of refreshes before this token.
    pub generation: u32,
    code: Secret<[u8; CODE]>,
}

/// The text is not a refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not a refresh token")]
pub struct RefreshTokenError;

impl RefreshToken {
    /// The prefix of every refresh token.
    pub const PREFIX: &str = "rt_";

    /// The number of characters of a refresh token.
    pub const LENGTH: usize = Self::PREFIX.len() + secret_text::DIGITS + secret_text::CHECKSUM;

    /// The token of a generation, with the code of its message.
    #[must_use]
    pub fn new(family: RefreshFamily, generation: u32, code: &[u8; 32]) -> Self {
        let mut short = [0; CODE];
        short.copy_from_slice(&code[..CODE]);
        Self { family, generation, code: Secret::new(short) }
    }

    /// The token as clients send it.
    #[must_use]
    pub fn to_text(&self) -> Secret<String> {
        let mut bytes = [0; 32];
        let (message, code) = bytes.split_at_mut(32 - CODE);
        message.copy_from_slice(&self.family.message(self.generation));
        code.copy_from_slice(self.code.expose());
        Secret::new(secret_text::encode(Self::PREFIX, bytes))
    }
}

impl FromStr for RefreshToken {
    type Err = RefreshTokenError;

    fn from_str(text: &str) -> Result<Self, RefreshTokenError> {
        let bytes = secret_text::decode(Self::PREFIX, text).ok_or(RefreshTokenError)?;
        let (family, rest) = bytes.split_first_chunk::<16>().ok_or(RefreshTokenError)?;
        let (generation, code) = rest.split_first_chunk::<4>().ok_or(RefreshTokenError)?;
        Ok(Self {
            family: RefreshFamily(Secret::new(*family)),
            generation: u32::from_be_bytes(*generation),
            code: Secret::new(code.try_into().map_err(|_| RefreshTokenError)?),
        })
    }
}
