//! The question to a contract itself whether it takes a signature (ERC-1271).

use super::abi;

/// The selector of `isValidSignature(bytes32,bytes)`. The contract says yes by the same four bytes.
const MAGIC: [u8; 4] = [0x16, 0x26, 0xba, 0x7e];

/// The question.
pub(super) fn question(hash: &[u8; 32], signature: &[u8]) -> Vec<u8> {
    [MAGIC.as_slice(), hash, &abi::word(2 * 32), &abi::bytes(signature)].concat()
}

/// Whether the answer is yes: the magic value in one word, with nothing around it.
pub(super) fn is_yes(answer: &[u8]) -> bool {
    let mut yes = [0; 32];
    yes[..4].copy_from_slice(&MAGIC);
    answer == yes
}
