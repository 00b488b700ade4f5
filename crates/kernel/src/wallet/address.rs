//! Addresses of wallets.

use std::{fmt, str::FromStr};

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use sha3::{Digest as _, Keccak256};

use super::Namespace;

/// Address of a wallet. Upper and lower case do not matter for EVM addresses. An address is the same on all chains of
/// its namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WalletAddress {
    /// An account on an Ethereum chain.
    Evm([u8; 20]),
    /// The public key of a Solana account.
    Solana([u8; 32]),
}

/// Why a text is not an address of that namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WalletAddressError {
    /// The text has the wrong format.
    #[error("must be an address of that chain: 0x and 40 hexadecimal digits, or 32 bytes in base58")]
    Malformed,
    /// Upper and lower case do not match the EIP-55 checksum.
    #[error("has a wrong checksum (EIP-55): a character was changed; send it as the wallet shows it, or in lower case")]
    Checksum,
}

impl WalletAddress {
    /// Maximum length of an address as text.
    pub const MAX_LENGTH: usize = 44;

    /// Parses an address of that namespace.
    ///
    /// # Errors
    /// Fails with [`WalletAddressError`] when the text has the wrong format or a wrong checksum.
    pub fn parse(text: &str, namespace: Namespace) -> Result<Self, WalletAddressError> {
        match namespace {
            Namespace::Eip155 => parse_evm(text).map(Self::Evm),
            Namespace::Solana => parse_solana(text).map(Self::Solana),
        }
    }

    /// Returns the namespace of the address.
    #[must_use]
    pub const fn namespace(&self) -> Namespace {
        match self {
            Self::Evm(_) => Namespace::Eip155,
            Self::Solana(_) => Namespace::Solana,
        }
    }
}

/// Detects the namespace from the text: no text is a valid address of both namespaces.
impl FromStr for WalletAddress {
    type Err = WalletAddressError;

    fn from_str(text: &str) -> Result<Self, WalletAddressError> {
        Self::parse(text, if text.starts_with("0x") { Namespace::Eip155 } else { Namespace::Solana })
    }
}

/// Writes the address with the EIP-55 checksum, or in base58.
impl fmt::Display for WalletAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Evm(bytes) => f.write_str(&checksummed(bytes)),
            Self::Solana(bytes) => f.write_str(&bs58::encode(bytes).into_string()),
        }
    }
}

fn parse_evm(text: &str) -> Result<[u8; 20], WalletAddressError> {
    let digits = text.strip_prefix("0x").ok_or(WalletAddressError::Malformed)?;
    let bytes = HEXLOWER_PERMISSIVE.decode(digits.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
    let bytes = bytes.ok_or(WalletAddressError::Malformed)?;
    // Digits in only one case carry no checksum.
    let has = |is: fn(&u8) -> bool| digits.as_bytes().iter().any(is);
    let mixed = has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase);
    if mixed && checksummed(&bytes) != text { Err(WalletAddressError::Checksum) } else { Ok(bytes) }
}

/// Applies EIP-55: a letter is in upper case if the digit at its position in the Keccak-256 hash of the lower-case
/// digits is 8 or more.
fn checksummed(bytes: &[u8; 20]) -> String {
    let digits = HEXLOWER.encode(bytes);
    let hash = Keccak256::digest(&digits);
    let marks = hash.iter().flat_map(|byte| [byte >> 4, byte & 0xF]);
    let cased =
        digits.chars().zip(marks).map(|(digit, mark)| if mark >= 8 { digit.to_ascii_uppercase() } else { digit });
    "0x".chars().chain(cased).collect()
}

fn parse_solana(text: &str) -> Result<[u8; 32], WalletAddressError> {
    let mut bytes = [0; 32];
    if text.len() > WalletAddress::MAX_LENGTH {
        return Err(WalletAddressError::Malformed);
    }
    match bs58::decode(text).onto(&mut bytes) {
        Ok(32) => Ok(bytes),
        _ => Err(WalletAddressError::Malformed),
    }
}
