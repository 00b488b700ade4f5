//! Proof key for code exchange (RFC 7636), method S256 and no other.

use std::str::FromStr;

use tessera_kernel::{Secret, SecretHash};

/// SHA-256 of a verifier that only the application knows so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeChallenge(SecretHash);

/// The text is no challenge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a SHA-256 in base64url without padding: 43 characters")]
pub struct CodeChallengeError;

impl CodeChallenge {
    /// Takes one up from storage.
    #[must_use]
    pub const fn from_hash(hash: SecretHash) -> Self {
        Self(hash)
    }

    /// What the SHA-256 of the verifier has to be.
    #[must_use]
    pub const fn hash(&self) -> &SecretHash {
        &self.0
    }
}

impl FromStr for CodeChallenge {
    type Err = CodeChallengeError;

    fn from_str(text: &str) -> Result<Self, CodeChallengeError> {
        decode(text.as_bytes()).map(|bytes| Self(SecretHash::from_bytes(bytes))).ok_or(CodeChallengeError)
    }
}

/// 43 characters of base64url that stand for 32 bytes; what remains of the last one must be zero.
fn decode(text: &[u8]) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 43 {
        return None;
    }
    let (mut bits, mut held, mut next) = (0_u32, 0, 0);
    for character in text {
        bits = bits << 6 | u32::from(value(*character)?);
        held += 6;
        if held >= 8 {
            held -= 8;
            *bytes.get_mut(next)? = u8::try_from(bits >> held & 0xFF).ok()?;
            bits &= (1 << held) - 1;
            next += 1;
        }
    }
    (bits == 0).then_some(bytes)
}

fn value(character: u8) -> Option<u8> {
    Some(match character {
        b'A'..=b'Z' => character - b'A',
        b'a'..=b'z' => character - b'a' + 26,
        b'0'..=b'9' => character - b'0' + 52,
        b'-' => 62,
        b'_' => 63,
        _ => return None,
    })
}

/// What the application proves itself with: the text whose SHA-256 the challenge is.
#[derive(Debug, Clone)]
pub struct CodeVerifier(Secret<String>);

/// The text is no verifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 43 to 128 letters, digits, or one of - . _ ~")]
pub struct CodeVerifierError;

impl CodeVerifier {
    /// The text, to be hashed.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl FromStr for CodeVerifier {
    type Err = CodeVerifierError;

    fn from_str(text: &str) -> Result<Self, CodeVerifierError> {
        let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        let good = (43..=128).contains(&text.len()) && text.bytes().all(unreserved);
        if good { Ok(Self(Secret::new(text.to_owned()))) } else { Err(CodeVerifierError) }
    }
}
