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
    /// Another EVM chain. [`Chain::of_id`] creates it.
    Other(OtherChain),
}

/// An EVM chain without a name here. A type of its own, so that a chain with a name has only one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OtherChain(u64);

/// The text does not name a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be one of ethereum, polygon, arbitrum, optimism, base, solana, or eip155:<chain id>")]
pub struct ChainError;

/// The first 32 characters of the genesis hash of Solana mainnet.
const SOLANA: &str = "5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp";

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
    /// All chains that have a name.
    pub const NAMED: [Self; 6] =
        [Self::Ethereum, Self::Polygon, Self::Arbitrum, Self::Optimism, Self::Base, Self::Solana];

    /// Maximum chain id: the largest integer that every JSON parser reads exactly (RFC 8259, section 6).
    pub const MAX_ID: u64 = (1 << 53) - 1;

    /// Returns the EVM chain with this EIP-155 chain id. Returns `None` for 0 and above [`Chain::MAX_ID`].
    #[must_use]
    pub fn of_id(id: u64) -> Option<Self> {
        let named = Self::NAMED.into_iter().find(|chain| chain.id() == Some(id));
        named.or_else(|| (1..=Self::MAX_ID).contains(&id).then_some(Self::Other(OtherChain(id))))
    }

    /// Returns the name of the chain in the API. Other chains have none: their text is `eip155:<chain id>`.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::Ethereum => Some("ethereum"),
            Self::Polygon => Some("polygon"),
            Self::Arbitrum => Some("arbitrum"),
            Self::Optimism => Some("optimism"),
            Self::Base => Some("base"),
            Self::Solana => Some("solana"),
            Self::Other(_) => None,
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
            Self::Other(OtherChain(id)) => Some(id),
            Self::Solana => None,
        }
    }

    /// Returns the namespace of the chain.
    #[must_use]
    pub const fn namespace(self) -> Namespace {
        match self.id() {
            Some(_) => Namespace::Eip155,
            None => Namespace::Solana,
        }
    }

    /// Returns the CAIP-2 reference: the chain id, or the first characters of Solana's genesis hash.
    #[must_use]
    pub fn reference(self) -> String {
        self.id().map_or_else(|| SOLANA.to_owned(), |id| id.to_string())
    }

    /// Returns the chain of a CAIP-2 reference.
    pub(super) fn of_reference(namespace: &str, reference: &str) -> Option<Self> {
        match namespace {
            // Only the digits themselves: no sign and no leading zero, so that a chain has one text.
            "eip155" => Self::of_id(reference.parse().ok()?).filter(|chain| chain.reference() == reference),
            "solana" => (reference == SOLANA).then_some(Self::Solana),
            _ => None,
        }
    }
}

impl FromStr for Chain {
    type Err = ChainError;

    fn from_str(text: &str) -> Result<Self, ChainError> {
        let by_id = || Self::of_reference("eip155", text.strip_prefix("eip155:")?);
        Self::NAMED.into_iter().find(|chain| chain.name() == Some(text)).or_else(by_id).ok_or(ChainError)
    }
}

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "{}:{}", self.namespace().as_str(), self.reference()),
        }
    }
}
