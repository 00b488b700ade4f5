//! Further EVM chains of which wallets are accepted.

use std::{fmt, str::FromStr};

use tessera_kernel::{Chain, SupportedChains};

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

    /// Parses a comma-separated list of chain ids. The error names all invalid entries.
    fn from_str(text: &str) -> Result<Self, String> {
        let (mut chains, mut faults) = (Vec::new(), Vec::new());
        for (place, entry) in (1..).zip(text.split(',').map(str::trim)) {
            // Chains with a name are always accepted. A later version may name one that is listed here.
            let chain = entry.parse().ok().and_then(Chain::of_id);
            match chain.filter(|chain| chain.reference() == entry) {
                Some(chain) if chains.contains(&chain) => faults.push(format!("entry {place} is a duplicate")),
                Some(chain) => chains.push(chain),
                None => {
                    let most = Chain::MAX_ID;
                    faults.push(format!("entry {place} must be a chain id (EIP-155) from 1 to {most}, such as 100"));
                }
            }
        }
        if chains.len() > Self::MAX {
            faults.push(format!("must have at most {} entries", Self::MAX));
        }
        if faults.is_empty() { Ok(Self(chains)) } else { Err(faults.join("; ")) }
    }
}

impl fmt::Display for EvmChains {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids: Vec<String> = self.0.iter().map(|chain| chain.reference()).collect();
        f.write_str(&ids.join(","))
    }
}
