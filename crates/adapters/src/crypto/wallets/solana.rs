//! ed25519 signatures with ed25519-dalek.

use ed25519_dalek::{Signature, VerifyingKey};

/// Returns whether the key signed one of the texts. Keys of small order and non-canonical encodings of keys and
/// signatures are rejected: they would accept signatures that the owner did not make.
pub(super) fn is_signed(key: &[u8; 32], texts: &[Vec<u8>], signature: &[u8]) -> bool {
    let (Ok(key), Ok(signature)) = (VerifyingKey::from_bytes(key), Signature::from_slice(signature)) else {
        return false;
    };
    texts.iter().any(|text| key.verify_strict(text, &signature).is_ok())
}
