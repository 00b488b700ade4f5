//! The question to a chain whether a contract takes a signature (ERC-1271, ERC-6492).

use super::abi;

/// What a signature ends with whose wallet is not made yet (ERC-6492).
const UNDEPLOYED: [u8; 32] = [
    0x64, 0x92, 0x64, 0x92, 0x64, 0x92, 0x64, 0x92, 0x64, 0x92, 0x64, 0x92, 0x64, 0x92, 0x64, 0x92, 0x64, 0x92, 0x64,
    0x92, 0x64, 0x92, 0x64, 0x92, 0x64, 0x92, 0x64, 0x92, 0x64, 0x92, 0x64, 0x92,
];

/// The validator of ERC-6492, in hexadecimal: code that runs once, makes the wallet if it has to, asks it by ERC-1271 and
/// answers with one byte. From viem 2.57.20 (`erc6492SignatureValidatorByteCode`), MIT, copyright (c) 2023-present weth, LLC;
/// it is the reference implementation in ERC-6492, compiled. `validator.LICENSE` has the terms.
const VALIDATOR: &str = include_str!("validator.hex");

/// The shortest signature, in bytes, that the validator can be asked about: it reverts on anything shorter.
pub(super) const SHORTEST: usize = 32;

/// Whether the validator's answer is yes.
pub(super) fn is_yes(answer: &[u8]) -> bool {
    answer == [1]
}

/// Whether the signature says how its wallet is to be made.
pub(super) fn is_of_a_wallet_to_be_made(signature: &[u8]) -> bool {
    signature.ends_with(&UNDEPLOYED)
}

/// The validator with its arguments behind it: `(address, bytes32, bytes)`.
pub(super) fn question(address: &[u8; 20], hash: &[u8; 32], signature: &[u8]) -> Vec<u8> {
    let arguments = [&[0; 12], address.as_slice(), hash, &abi::word(3 * 32), &abi::bytes(signature)];
    [code(), arguments.concat()].concat()
}

fn code() -> Vec<u8> {
    let digits = VALIDATOR.bytes().filter_map(|digit| char::from(digit).to_digit(16));
    let digits: Vec<u8> = digits.filter_map(|digit| u8::try_from(digit).ok()).collect();
    digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}
