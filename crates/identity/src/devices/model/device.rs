//! Devices from which users sign in.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use tessera_kernel::UserId;

/// Substrings of `User-Agent` and the product names shown to users. Many programs also contain the names of others, so
/// the first match counts.
const PROGRAMS: [(&str, &str); 13] = [
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("FxiOS", "Firefox"),
    ("Firefox", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
    ("curl", "curl"),
    ("PostmanRuntime", "Postman"),
    ("python", "Python"),
    ("okhttp", "OkHttp"),
    ("UnityPlayer", "Unity"),
];

/// Substrings of `User-Agent` and the operating system names shown to users.
const SYSTEMS: [(&str, &str); 7] = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
];

/// Number of letters of its own name that distinguish an unknown program from others.
const OWN_NAME: usize = 16;

/// The device of a request: program, operating system and address. A sign-in from a new device may come from an
/// attacker. `Display` prints only fixed product names: a client can send any text in `User-Agent`, and that text must
/// not appear in mails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Device {
    program: Option<&'static str>,
    /// The start of the name of a program that is not in [`PROGRAMS`]. It distinguishes such programs and is never
    /// shown.
    own_name: [u8; OWN_NAME],
    system: Option<&'static str>,
    address: Option<IpAddr>,
}

impl Device {
    /// Maximum number of remembered devices per user. A forgotten device counts as new again.
    pub const MOST_KNOWN: u8 = 20;

    /// Creates the device of a request from `User-Agent` and the client address. A non-public address is ignored: it
    /// belongs to a private network, or to a proxy that is not trusted.
    #[must_use]
    pub fn seen(agent: Option<&str>, address: Option<IpAddr>) -> Self {
        let agent = agent.unwrap_or_default();
        let named =
            |names: &[(&str, &'static str)]| names.iter().find(|(part, _)| agent.contains(part)).map(|(_, name)| *name);
        let address = address.map(|address| address.to_canonical()).filter(is_public);
        let program = named(&PROGRAMS);
        let mut own_name = [b'-'; OWN_NAME];
        if program.is_none() {
            let letters = agent.bytes().take_while(|byte| !matches!(byte, b'/' | b' ')).filter(u8::is_ascii_alphabetic);
            own_name.iter_mut().zip(letters).for_each(|(place, letter)| *place = letter.to_ascii_lowercase());
        }
        Self { program, own_name, system: named(&SYSTEMS), address }
    }

    /// Returns the public address of the device, if it is known.
    #[must_use]
    pub const fn address(&self) -> Option<IpAddr> {
        self.address
    }

    /// Returns the fingerprint of the device for a user. It stays the same after a program update and after an address
    /// change within the provider's network. It contains the program, the operating system, and the first 16 bits of an
    /// IPv4 address or 32 bits of an IPv6 address. The user id makes it different for each user. Callers store only its
    /// hash.
    #[must_use]
    pub fn fingerprint(&self, user: UserId) -> String {
        let network = self.address.map(network).map(|network| network.to_string());
        format!(
            "{user} {} {} {} {}",
            self.program.unwrap_or("-"),
            self.own_name.escape_ascii(),
            self.system.unwrap_or("-"),
            network.as_deref().unwrap_or("-")
        )
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.program.unwrap_or("an unknown program"))?;
        self.system.map_or(Ok(()), |system| write!(f, " on {system}"))
    }
}

fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(address) => Ipv4Addr::from_bits(address.to_bits() & (u32::MAX << 16)).into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 96)).into(),
    }
}

fn is_public(address: &IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            !(address.is_private() || address.is_loopback() || address.is_link_local() || address.is_unspecified())
        }
        IpAddr::V6(address) => {
            !(address.is_unique_local()
                || address.is_loopback()
                || address.is_unicast_link_local()
                || address.is_unspecified())
        }
    }
}
