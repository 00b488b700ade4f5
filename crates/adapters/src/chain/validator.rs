//! The signature validator of ERC-6492.

use super::abi;

/// Suffix of a signature whose wallet is not deployed yet (ERC-6492).
const UNDEPLOYED: [u8; 32] = [
    0x64, 0x92, 0x64, 0x92, 0x64, 0x92, 0x64, 0x92, 0x64, 0x92, 0x64, 0x92, 0x64, 0x92, 0x64, 0x92, 0x64, 0x92, 0x64,
    0x92, 0x64, 0x92, 0x64, 0x92, 0x64, 0x92, 0x64, 0x92, 0x64, 0x92, 0x64, 0x92,
];

/// The validator of ERC-6492 in hexadecimal. The code runs once, deploys the wallet if necessary, calls it by ERC-1271
/// and returns one byte. From viem 2.57.20 (`erc6492SignatureValidatorByteCode`), MIT, copyright (c) 2023-present weth,
/// LLC. It is the compiled reference implementation of ERC-6492. `validator.LICENSE` contains the terms.
const VALIDATOR: &str = include_str!("validator.hex");

/// Minimum length of a signature in bytes. The validator reverts on shorter signatures.
pub(super) const SHORTEST: usize = 32;

/// Returns whether the validator accepted the signature.
pub(super) fn is_yes(answer: &[u8]) -> bool {
    answer == [1]
}

/// Returns whether the signature contains the deployment of its wallet.
pub(super) fn is_of_a_wallet_to_be_made(signature: &[u8]) -> bool {
    signature.ends_with(&UNDEPLOYED)
}

/// Returns whether the part before the suffix has the form of ERC-6492: the ABI encoding of the factory address, of the
/// deployment call, and of the wallet's signature.
pub(super) fn is_well_formed(signature: &[u8]) -> bool {
    let Some(body) = signature.strip_suffix(&UNDEPLOYED) else { return false };
    let word = |at: usize| body.get(at..at.checked_add(32)?);
    let number = |at: usize| {
        let (high, low) = word(at)?.split_at_checked(24)?;
        let low: [u8; 8] = low.try_into().ok()?;
        high.iter().all(|byte| *byte == 0).then(|| usize::try_from(u64::from_be_bytes(low)).ok())?
    };
    let bytes = |at: usize| {
        let start = number(at)?;
        let length = number(start)?;
        body.get(start.checked_add(32)?..start.checked_add(32)?.checked_add(length)?)
    };
    let factory = word(0).is_some_and(|word| word[..12].iter().all(|byte| *byte == 0));
    factory && bytes(32).is_some() && bytes(64).is_some()
}

/// Returns the validator code followed by its arguments: `(address, bytes32, bytes)`.
pub(super) fn question(address: &[u8; 20], hash: &[u8; 32], signature: &[u8]) -> Vec<u8> {
    let arguments = [&[0; 12], address.as_slice(), hash, &abi::word(3 * 32), &abi::bytes(signature)];
    [code(), arguments.concat()].concat()
}

fn code() -> Vec<u8> {
    let digits = VALIDATOR.bytes().filter_map(|digit| char::from(digit).to_digit(16));
    let digits: Vec<u8> = digits.filter_map(|digit| u8::try_from(digit).ok()).collect();
    digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}
