//! secp256k1 by ethers-core. Nothing else here knows that library.

use ethers_core::{
    types::{Address, Signature, U256},
    utils::hash_message,
};

/// Half the order of the curve: of a signature and its twin, one has its `s` above.
const HALF_ORDER: U256 = U256([0xDFE9_2F46_681B_20A0, 0x5D57_6E73_57A4_501D, u64::MAX, 0x7FFF_FFFF_FFFF_FFFF]);

/// Whether the key behind the address has signed one of the texts as `personal_sign` does (EIP-191).
pub(super) fn is_signed(address: &[u8; 20], texts: &[Vec<u8>], signature: &[u8]) -> bool {
    let Some(signature) = read(signature) else { return false };
    let recovered = |text: &Vec<u8>| signature.recover(text.as_slice());
    texts.iter().any(|text| recovered(text).is_ok_and(|signer| signer == Address::from(*address)))
}

/// Whether the key behind the address has made the signature, in a form that is accepted or not: also with the high `s`.
pub(crate) fn is_of_key(address: &[u8; 20], texts: &[Vec<u8>], signature: &[u8]) -> bool {
    let Ok(bytes) = <&[u8; 65]>::try_from(signature) else { return false };
    let v = if bytes[64] < 27 { bytes[64].saturating_add(27) } else { bytes[64] };
    let (r, s) = (U256::from_big_endian(&bytes[..32]), U256::from_big_endian(&bytes[32..64]));
    let signature = Signature { r, s, v: v.into() };
    texts.iter().any(|text| signature.recover(text.as_slice()).is_ok_and(|signer| signer == Address::from(*address)))
}

/// 65 bytes: `r`, `s` in its lower half, and `v` of 27 or 28, or 0 or 1, which some wallets write. The library would take
/// more: other lengths, the twin, and a `v` with a chain in it.
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

/// What is signed for a text (EIP-191).
pub(crate) fn message_hash(text: &[u8]) -> [u8; 32] {
    hash_message(text).0
}
