//! ed25519 by ed25519-dalek.

use ed25519_dalek::{Signature, VerifyingKey};

/// Whether the key has signed one of the texts. Keys of small order, and keys and signatures that have a second spelling, are
/// refused: they would sign what nobody has signed.
pub(super) fn is_signed(key: &[u8; 32], texts: &[Vec<u8>], signature: &[u8]) -> bool {
    let (Ok(key), Ok(signature)) = (VerifyingKey::from_bytes(key), Signature::from_slice(signature)) else {
        return false;
    };
    texts.iter().any(|text| key.verify_strict(text, &signature).is_ok())
}
