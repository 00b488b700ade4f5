//! secp256k1 signatures with ethers-core. No other module of this crate uses that library.

use ethers_core::{
    types::{Address, Signature, U256},
    utils::hash_message,
};

/// Half of the curve order. A signature has two equivalent forms, and one of them has an `s` above this value.
const HALF_ORDER: U256 = U256([0xDFE9_2F46_681B_20A0, 0x5D57_6E73_57A4_501D, u64::MAX, 0x7FFF_FFFF_FFFF_FFFF]);

/// Returns whether the key of the address signed one of the texts with `personal_sign` (EIP-191).
pub(super) fn is_signed(address: &[u8; 20], texts: &[Vec<u8>], signature: &[u8]) -> bool {
    let Some(signature) = read(signature) else { return false };
    let recovered = |text: &Vec<u8>| signature.recover(text.as_slice());
    texts.iter().any(|text| recovered(text).is_ok_and(|signer| signer == Address::from(*address)))
}

/// Returns whether the key of the address made the signature, also in a form that is not accepted, such as a high `s`.
pub(crate) fn is_of_key(address: &[u8; 20], texts: &[Vec<u8>], signature: &[u8]) -> bool {
    let Ok(bytes) = <&[u8; 65]>::try_from(signature) else { return false };
    let v = if bytes[64] < 27 { bytes[64].saturating_add(27) } else { bytes[64] };
    let (r, s) = (U256::from_big_endian(&bytes[..32]), U256::from_big_endian(&bytes[32..64]));
    let signature = Signature { r, s, v: v.into() };
    texts.iter().any(|text| signature.recover(text.as_slice()).is_ok_and(|signer| signer == Address::from(*address)))
}

/// Reads 65 bytes: `r`, `s` in the lower half of the curve order, and `v`. `v` is 27 or 28, or 0 or 1, which some
/// wallets write. The library would accept more: other lengths, a high `s`, and a `v` that contains a chain id.
fn read(bytes: &[u8]) -> Option<Signature> {
    let bytes: &[u8; 65] = bytes.try_into().ok()?;
    let v = match bytes[64] {
        v @ (0 | 1) => v + 27,
        v @ (27 | 28) => v,
        _ => return None,
    };
    let (r, s) = (U256::from_big_endian(&bytes[..32]), U256::from_big_endian(&bytes[32..64]));
    (!s.is_zero() && s <= HALF_ORDER).then_some(Signature { r, s, v: v.into() })
}

/// Returns the hash that `personal_sign` signs for a text (EIP-191).
pub(crate) fn message_hash(text: &[u8]) -> [u8; 32] {
    hash_message(text).0
}
