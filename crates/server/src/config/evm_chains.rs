//! Further EVM chains of which wallets are accepted.

use std::{fmt, str::FromStr};

use tessera_kernel::{Chain, SupportedChains};

use super::list::parse_list;

/// The chains in the configured order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct EvmChains(Vec<Chain>);

impl EvmChains {
    /// Maximum number of chains. Error messages and the sign-in page list them all.
    const MAX: usize = 100;

    pub(crate) fn supported(&self) -> SupportedChains {
        SupportedChains::with(self.0.iter().copied())
    }
}

impl FromStr for EvmChains {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let chain = |entry: &str| {
            // Chains with a name are always accepted. A later version may name one that is listed here.
            let chain = entry.parse().ok().and_then(Chain::of_id).filter(|chain| chain.reference() == entry);
            chain.ok_or_else(|| format!("must be a chain id (EIP-155) from 1 to {}, such as 100", Chain::MAX_ID))
        };
        let too_many = text.split(',').count() > Self::MAX;
        match (parse_list(text, chain), too_many.then(|| format!("must have at most {} entries", Self::MAX))) {
            (Ok(chains), None) => Ok(Self(chains)),
            (listed, too_many) => Err(listed.err().into_iter().chain(too_many).collect::<Vec<_>>().join("; ")),
        }
    }
}

impl fmt::Display for EvmChains {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids: Vec<String> = self.0.iter().map(|chain| chain.reference()).collect();
        f.write_str(&ids.join(","))
    }
}
