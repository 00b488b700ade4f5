//! The signature check of a contract (ERC-1271).

use super::abi;

/// Selector of `isValidSignature(bytes32,bytes)`. A contract returns the same four bytes for a valid signature.
const MAGIC: [u8; 4] = [0x16, 0x26, 0xba, 0x7e];

/// Encodes the call.
pub(super) fn question(hash: &[u8; 32], signature: &[u8]) -> Vec<u8> {
    [MAGIC.as_slice(), hash, &abi::word(2 * 32), &abi::bytes(signature)].concat()
}

/// Returns whether the response is exactly one word with the magic value.
pub(super) fn is_yes(answer: &[u8]) -> bool {
    let mut yes = [0; 32];
    yes[..4].copy_from_slice(&MAGIC);
    answer == yes
}
