//! Networks of clients.

use std::net::IpAddr;

use tessera_kernel::Network;

fn network(address: &str) -> Network {
    Network::of(address.parse::<IpAddr>().unwrap_or_else(|error| panic!("{address}: {error}")))
}

#[test]
fn an_ipv4_address_is_a_network_of_its_own() {
    assert_ne!(network("192.0.2.1"), network("192.0.2.2"));
    assert_eq!(network("192.0.2.1").address().to_string(), "192.0.2.1");
}

#[test]
fn an_ipv6_network_has_64_bits() {
    assert_eq!(network("2001:db8:1:2::1"), network("2001:db8:1:2:ffff:ffff:ffff:ffff"));
    assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
    assert_eq!(network("2001:db8:1:2:3:4:5:6").address().to_string(), "2001:db8:1:2::");
}

#[test]
fn a_mapped_address_counts_as_its_ipv4_address() {
    assert_eq!(network("::ffff:192.0.2.1"), network("192.0.2.1"));
}
