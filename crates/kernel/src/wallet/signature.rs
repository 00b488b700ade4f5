//! Signatures of wallets.

use data_encoding::HEXLOWER_PERMISSIVE;

use super::Namespace;

/// The unverified bytes of a signature. They may be empty: a contract can accept a message that its owners have
/// approved on the chain, without further data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalletSignature(Vec<u8>);

/// The text does not encode the bytes of a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a signature as wallets of that chain write it: 0x and hexadecimal digits, or 64 bytes in base58")]
pub struct WalletSignatureError;

impl WalletSignature {
    /// Maximum length in bytes. The signature of a key has 64 or 65 bytes. The signature of a contract wallet may
    /// contain the call that deploys the wallet.
    pub const MAX_BYTES: usize = 8 * 1024;

    /// Length of an ed25519 signature in bytes.
    const ED25519: usize = 64;

    /// Decodes the text format of the namespace: hexadecimal digits or base58.
    ///
    /// # Errors
    /// Fails with [`WalletSignatureError`] when the text has another format or is too long.
    pub fn parse(text: &str, namespace: Namespace) -> Result<Self, WalletSignatureError> {
        let bytes = match namespace {
            Namespace::Eip155 => from_hex(text),
            Namespace::Solana => from_base58(text),
        };
        bytes.map(Self).ok_or(WalletSignatureError)
    }

    /// Wraps bytes without checks.
    #[must_use]
    pub const fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// Returns the bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("0x").filter(|digits| digits.len() <= 2 * WalletSignature::MAX_BYTES)?;
    HEXLOWER_PERMISSIVE.decode(digits.as_bytes()).ok()
}

fn from_base58(text: &str) -> Option<Vec<u8>> {
    // 64 bytes have at most 88 digits. Limit the length, because base58 decoding takes quadratic time.
    let mut bytes = [0; WalletSignature::ED25519];
    let length = (text.len() <= 88).then(|| bs58::decode(text).onto(&mut bytes).ok())??;
    (length == bytes.len()).then(|| bytes.to_vec())
}
