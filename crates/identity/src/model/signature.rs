//! A signature, as a wallet gives it.

use super::{Namespace, wallet::hex_digit};

/// The bytes of a signature. Whether they are one, and whose, is for [`WalletVerifier`](crate::ports::WalletVerifier). There
/// may be none: a contract can take what its owners have approved on the chain, and needs no more to know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalletSignature(Vec<u8>);

/// The text holds no bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a signature as wallets of that chain write it: 0x and hexadecimal digits, or 64 bytes in base58")]
pub struct WalletSignatureError;

impl WalletSignature {
    /// The most bytes. A key's signature has 65 or 64; that of a contract wallet may carry the call that makes the wallet.
    pub const MAX_BYTES: usize = 8 * 1024;

    /// The bytes of an ed25519 signature.
    const ED25519: usize = 64;

    /// Reads the text that wallets of such chains give.
    ///
    /// # Errors
    /// [`WalletSignatureError`].
    pub fn parse(text: &str, namespace: Namespace) -> Result<Self, WalletSignatureError> {
        let bytes = match namespace {
            Namespace::Eip155 => from_hex(text),
            Namespace::Solana => from_base58(text),
        };
        bytes.map(Self).ok_or(WalletSignatureError)
    }

    /// Takes bytes as they are.
    #[must_use]
    pub const fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("0x")?.as_bytes();
    if digits.len() % 2 != 0 || digits.len() > 2 * WalletSignature::MAX_BYTES {
        return None;
    }
    digits.chunks_exact(2).map(|pair| Some(hex_digit(pair[0])? << 4 | hex_digit(pair[1])?)).collect()
}

fn from_base58(text: &str) -> Option<Vec<u8>> {
    // 64 bytes have at most 88 digits; decoding takes the square of the length.
    let mut bytes = [0; WalletSignature::ED25519];
    let length = (text.len() <= 88).then(|| bs58::decode(text).onto(&mut bytes).ok())??;
    (length == bytes.len()).then(|| bytes.to_vec())
}
