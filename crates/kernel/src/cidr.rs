//! Networks in CIDR notation.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

/// One IP address, or a network in CIDR notation (RFC 4632, RFC 4291) such as `10.0.0.0/8`.
///
/// An IPv4-mapped IPv6 address counts as its IPv4 address, also in a network: `::ffff:10.0.0.0/104` is `10.0.0.0/8`.
/// Every other IPv6 network, also `::/0`, contains no IPv4 address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cidr {
    first: IpAddr,
    prefix: u8,
}

/// Why a text is not a [`Cidr`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CidrError {
    /// The text is neither an address nor an address, a slash and a number.
    #[error("must be an IP address, or a network in CIDR notation, such as 10.0.0.0/8")]
    Malformed,
    /// The number after the slash exceeds the length of the address in bits, which is the content.
    #[error("must have a prefix length from 0 to {0}")]
    PrefixTooLong(u8),
    /// The address is inside of the network, but not its first one. The content is the network.
    #[error("must be the first address of the network; did you mean {0}?")]
    NotFirst(Cidr),
}

impl Cidr {
    /// Returns whether the address is in the network.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.first.is_ipv4() && Self::of(address, self.prefix) == *self
    }

    /// The network of that prefix length with the address. The prefix is not longer than the address.
    fn of(address: IpAddr, prefix: u8) -> Self {
        // A shift by all bits, for the prefix 0, gives `None`.
        let rest = u32::from(length(address) - prefix);
        let first = match address {
            IpAddr::V4(address) => {
                Ipv4Addr::from_bits(address.to_bits() & u32::MAX.checked_shl(rest).unwrap_or_default()).into()
            }
            IpAddr::V6(address) => {
                Ipv6Addr::from_bits(address.to_bits() & u128::MAX.checked_shl(rest).unwrap_or_default()).into()
            }
        };
        Self { first, prefix }
    }
}

/// The number of bits of an address.
const fn length(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

impl FromStr for Cidr {
    type Err = CidrError;

    /// Parses an address, or an address, a slash and a prefix length without leading zeros. The address must be the
    /// first one of the network: another one is usually an error in the prefix length, which would admit more addresses
    /// than intended.
    fn from_str(text: &str) -> Result<Self, CidrError> {
        let (address, prefix) = text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
        let address: IpAddr = address.parse().map_err(|_| CidrError::Malformed)?;
        let prefix = prefix.map_or(Ok(length(address)), |prefix| parse_prefix(prefix, length(address)))?;
        // Mapped addresses have the same first 96 bits. A shorter prefix contains others too.
        let (address, prefix) = match prefix.checked_sub(96) {
            Some(prefix) if address.to_canonical().is_ipv4() => (address.to_canonical(), prefix),
            _ => (address, prefix),
        };
        let network = Self::of(address, prefix);
        if network.first == address { Ok(network) } else { Err(CidrError::NotFirst(network)) }
    }
}

/// `u16` accepts a sign and leading zeros, which have no meaning here.
fn parse_prefix(text: &str, longest: u8) -> Result<u8, CidrError> {
    let number: u16 = text.parse().map_err(|_| CidrError::Malformed)?;
    if number.to_string() != text {
        return Err(CidrError::Malformed);
    }
    u8::try_from(number).ok().filter(|prefix| *prefix <= longest).ok_or(CidrError::PrefixTooLong(longest))
}

/// The canonical text: without a prefix length for one address, and with IPv6 addresses as in RFC 5952.
impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.prefix == length(self.first) {
            fmt::Display::fmt(&self.first, f)
        } else {
            write!(f, "{}/{}", self.first, self.prefix)
        }
    }
}
