//! The chains that wallets live on.

use std::{fmt, str::FromStr};

/// A chain that a wallet may sign in from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Chain {
    /// Ethereum's main net.
    Ethereum,
    /// Polygon's proof-of-stake chain.
    Polygon,
    /// Arbitrum One.
    Arbitrum,
    /// OP Mainnet.
    Optimism,
    /// Base.
    Base,
    /// Solana's main net.
    Solana,
}

/// The text names no chain that is served here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be one of ethereum, polygon, arbitrum, optimism, base, solana")]
pub struct ChainError;

/// What kind of account a chain has (CAIP-2). Chains of one namespace share their addresses: whoever holds the key of one
/// holds it on all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Namespace {
    /// Ethereum and its like.
    Eip155,
    /// Solana.
    Solana,
}

impl Namespace {
    /// Its name in CAIP-2.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Eip155 => "eip155",
            Self::Solana => "solana",
        }
    }
}

impl Chain {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Ethereum, Self::Polygon, Self::Arbitrum, Self::Optimism, Self::Base, Self::Solana];

    /// The chain's name over the wire.
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

    /// The number of an Ethereum chain (EIP-155); Solana has none.
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

    /// What kind of account it has.
    #[must_use]
    pub const fn namespace(self) -> Namespace {
        match self {
            Self::Solana => Namespace::Solana,
            Self::Ethereum | Self::Polygon | Self::Arbitrum | Self::Optimism | Self::Base => Namespace::Eip155,
        }
    }

    /// The chain among its kind, as CAIP-2 refers to it: a number, or the first characters of Solana's genesis hash.
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
