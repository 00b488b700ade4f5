//! Blockchains of the supported wallets.

use std::{fmt, str::FromStr};

/// A chain from which a wallet may sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Chain {
    /// Ethereum mainnet.
    Ethereum,
    /// The proof-of-stake chain of Polygon.
    Polygon,
    /// Arbitrum One.
    Arbitrum,
    /// OP Mainnet.
    Optimism,
    /// Base.
    Base,
    /// Solana mainnet.
    Solana,
}

/// The text does not name a supported chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be one of ethereum, polygon, arbitrum, optimism, base, solana")]
pub struct ChainError;

/// The account type of a chain (CAIP-2). Chains of one namespace share their addresses: a private key controls the same
/// address on all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Namespace {
    /// Ethereum and compatible chains.
    Eip155,
    /// Solana.
    Solana,
}

impl Namespace {
    /// Returns the CAIP-2 namespace.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Eip155 => "eip155",
            Self::Solana => "solana",
        }
    }
}

impl Chain {
    /// All supported chains.
    pub const ALL: [Self; 6] =
        [Self::Ethereum, Self::Polygon, Self::Arbitrum, Self::Optimism, Self::Base, Self::Solana];

    /// Returns the name of the chain in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ethereum => "ethereum",
            Self::Polygon => "polygon",
            Self::Arbitrum => "arbitrum",
            Self::Optimism => "optimism",
            Self::Base => "base",
            Self::Solana => "solana",
        }
    }

    /// Returns the EIP-155 chain id. Solana has none.
    #[must_use]
    pub const fn id(self) -> Option<u64> {
        match self {
            Self::Ethereum => Some(1),
            Self::Polygon => Some(137),
            Self::Arbitrum => Some(42_161),
            Self::Optimism => Some(10),
            Self::Base => Some(8_453),
            Self::Solana => None,
        }
    }

    /// Returns the namespace of the chain.
    #[must_use]
    pub const fn namespace(self) -> Namespace {
        match self {
            Self::Solana => Namespace::Solana,
            Self::Ethereum | Self::Polygon | Self::Arbitrum | Self::Optimism | Self::Base => Namespace::Eip155,
        }
    }

    /// Returns the CAIP-2 reference: the chain id, or the first characters of Solana's genesis hash.
    #[must_use]
    pub const fn reference(self) -> &'static str {
        match self {
            Self::Ethereum => "1",
            Self::Polygon => "137",
            Self::Arbitrum => "42161",
            Self::Optimism => "10",
            Self::Base => "8453",
            Self::Solana => "5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp",
        }
    }
}

impl FromStr for Chain {
    type Err = ChainError;

    fn from_str(text: &str) -> Result<Self, ChainError> {
        Self::ALL.into_iter().find(|chain| chain.as_str() == text).ok_or(ChainError)
    }
}

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
