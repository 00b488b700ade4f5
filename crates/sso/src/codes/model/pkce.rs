//! Proof key for code exchange (RFC 7636), method S256 only.

use std::str::FromStr;

use data_encoding::BASE64URL_NOPAD;
use tessera_kernel::{Secret, SecretHash};

/// SHA-256 of a code verifier. Only the application knows the verifier until it redeems the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeChallenge(SecretHash);

/// The text is not a code challenge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a SHA-256 in base64url without padding: 43 characters")]
pub struct CodeChallengeError;

impl CodeChallenge {
    /// Wraps a hash from storage.
    #[must_use]
    pub const fn from_hash(hash: SecretHash) -> Self {
        Self(hash)
    }

    /// Returns the expected SHA-256 of the verifier.
    #[must_use]
    pub const fn hash(&self) -> &SecretHash {
        &self.0
    }
}

impl FromStr for CodeChallenge {
    type Err = CodeChallengeError;

    fn from_str(text: &str) -> Result<Self, CodeChallengeError> {
        // The decoder rejects padding, and unused bits of the last character that are not zero.
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
        bytes.map(|bytes| Self(SecretHash::from_bytes(bytes))).ok_or(CodeChallengeError)
    }
}

/// The code verifier: the text whose SHA-256 is the code challenge.
#[derive(Debug, Clone)]
pub struct CodeVerifier(Secret<String>);

/// The text is not a code verifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 43 to 128 letters, digits, or one of - . _ ~")]
pub struct CodeVerifierError;

impl CodeVerifier {
    /// Returns the text, for hashing.
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
