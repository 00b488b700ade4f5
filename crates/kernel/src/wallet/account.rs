//! A wallet on one chain.

use std::{fmt, str::FromStr};

use super::{Chain, WalletAddress, WalletAddressError};

/// A wallet on one chain (CAIP-10). The address has the namespace of the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct WalletAccount {
    chain: Chain,
    address: WalletAddress,
}

impl WalletAccount {
    /// Parses an address of that chain.
    ///
    /// # Errors
    /// Fails with [`WalletAddressError`] when the text has the wrong format or a wrong checksum.
    pub fn parse(chain: Chain, address: &str) -> Result<Self, WalletAddressError> {
        Ok(Self { chain, address: WalletAddress::parse(address, chain.namespace())? })
    }

    /// Returns the chain.
    #[must_use]
    pub const fn chain(&self) -> Chain {
        self.chain
    }

    /// Returns the address.
    #[must_use]
    pub const fn address(&self) -> WalletAddress {
        self.address
    }
}

impl FromStr for WalletAccount {
    type Err = WalletAddressError;

    fn from_str(text: &str) -> Result<Self, WalletAddressError> {
        let (chain, address) = text.rsplit_once(':').ok_or(WalletAddressError::Malformed)?;
        let (namespace, reference) = chain.split_once(':').ok_or(WalletAddressError::Malformed)?;
        let chain = Chain::of_reference(namespace, reference).ok_or(WalletAddressError::Malformed)?;
        Self::parse(chain, address)
    }
}

impl fmt::Display for WalletAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.chain.namespace().as_str(), self.chain.reference(), self.address)
    }
}
