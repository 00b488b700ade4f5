//! The reverse proxies that are trusted to report the address of a client.

use std::{fmt, str::FromStr};

use tessera_kernel::Cidr;

use super::list::parse_list;

/// The addresses and networks in the configured order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct TrustedProxies(pub(crate) Vec<Cidr>);

impl FromStr for TrustedProxies {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        parse_list(text, |entry| entry.parse::<Cidr>().map_err(|error| error.to_string())).map(Self)
    }
}

impl fmt::Display for TrustedProxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let networks: Vec<String> = self.0.iter().map(Cidr::to_string).collect();
        f.write_str(&networks.join(","))
    }
}
