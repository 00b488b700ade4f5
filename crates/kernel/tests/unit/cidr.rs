//! Networks in CIDR notation.

use std::net::IpAddr;

use tessera_kernel::{Cidr, CidrError};

fn address(text: &str) -> IpAddr {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn network(text: &str) -> Cidr {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn a_network_contains_its_first_and_its_last_address_and_no_neighbour() {
    for (text, first, last, outside) in [
        ("0.0.0.0/0", "0.0.0.0", "255.255.255.255", &[][..]),
        ("128.0.0.0/1", "128.0.0.0", "255.255.255.255", &["127.255.255.255"]),
        ("10.0.0.0/8", "10.0.0.0", "10.255.255.255", &["9.255.255.255", "11.0.0.0"]),
        ("192.0.2.64/26", "192.0.2.64", "192.0.2.127", &["192.0.2.63", "192.0.2.128"]),
        ("192.0.2.6/31", "192.0.2.6", "192.0.2.7", &["192.0.2.5", "192.0.2.8"]),
        ("192.0.2.7/32", "192.0.2.7", "192.0.2.7", &["192.0.2.6", "192.0.2.8"]),
        ("192.0.2.7", "192.0.2.7", "192.0.2.7", &["192.0.2.6", "192.0.2.8"]),
        ("255.255.255.255/32", "255.255.255.255", "255.255.255.255", &["255.255.255.254"]),
        ("::/0", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", &[]),
        ("2001:db8::/33", "2001:db8::", "2001:db8:7fff:ffff:ffff:ffff:ffff:ffff", &["2001:db8:8000::", "2001:db7::"]),
        ("2001:db8:0:1::/64", "2001:db8:0:1::", "2001:db8:0:1:ffff:ffff:ffff:ffff", &["2001:db8:0:2::", "2001:db8::"]),
        ("2001:db8::6/127", "2001:db8::6", "2001:db8::7", &["2001:db8::5", "2001:db8::8"]),
        ("2001:db8::7/128", "2001:db8::7", "2001:db8::7", &["2001:db8::6", "2001:db8::8"]),
        ("2001:db8::7", "2001:db8::7", "2001:db8::7", &["2001:db8::6", "2001:db8::8"]),
    ] {
        let network = network(text);
        assert!(network.contains(address(first)) && network.contains(address(last)), "{text}");
        for outside in outside {
            assert!(!network.contains(address(outside)), "{text}: {outside}");
        }
    }
}

#[test]
fn the_two_versions_contain_no_address_of_each_other() {
    for (text, other) in [("0.0.0.0/0", "::"), ("0.0.0.0/0", "::7f00:1"), ("::/0", "127.0.0.1"), ("::", "0.0.0.0")] {
        assert!(!network(text).contains(address(other)), "{text}: {other}");
    }
}

#[test]
fn mapped_addresses_count_as_ipv4() {
    assert!(network("10.0.0.0/8").contains(address("::ffff:10.1.2.3")));
    assert!(!network("10.0.0.0/8").contains(address("::ffff:11.0.0.0")));
    assert!(!network("::/0").contains(address("::ffff:10.1.2.3")));
    for (mapped, same) in [
        ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
        ("::ffff:0:0/96", "0.0.0.0/0"),
        ("::ffff:192.0.2.7/128", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
    ] {
        assert_eq!(network(mapped), network(same));
        assert_eq!(network(mapped).to_string(), same);
    }
    // One bit less is a network of IPv6, in which the mapped address is not the first.
    assert_eq!("::ffff:0:0/95".parse::<Cidr>(), Err(CidrError::NotFirst(network("::fffe:0:0/95"))));
    assert!(!network("::fffe:0:0/95").contains(address("::ffff:10.1.2.3")));
}

#[test]
fn the_text_of_a_network_is_canonical() {
    for (text, canonical) in [
        ("192.0.2.7/32", "192.0.2.7"),
        ("192.0.2.6/31", "192.0.2.6/31"),
        ("0.0.0.0/0", "0.0.0.0/0"),
        ("2001:DB8:0:0::/32", "2001:db8::/32"),
        ("2001:db8::7/128", "2001:db8::7"),
        ("::/0", "::/0"),
        ("::1", "::1"),
    ] {
        assert_eq!(network(text).to_string(), canonical);
        assert_eq!(network(canonical), network(text));
    }
}

#[test]
fn other_texts_are_rejected() {
    for text in [
        "",
        "/",
        "/8",
        "10.0.0.0/",
        "10.0.0.0/x",
        "10.0.0.0/-1",
        "10.0.0.0/+8",
        "10.0.0.0/08",
        "10.0.0.0/8/8",
        "10.0.0.0/8 ",
        " 10.0.0.0/8",
        "10.0.0.0 /8",
        "10.0.0.0/255.0.0.0",
        "10.0.0.0/65536",
        "10.0.0",
        "010.0.0.0",
        "10.0.0.0:80",
        "[2001:db8::]/32",
        "2001:db8::%1",
        "2001:db8",
        "example.com",
        "*",
    ] {
        assert_eq!(text.parse::<Cidr>(), Err(CidrError::Malformed), "{text}");
    }
}

#[test]
fn a_prefix_is_not_longer_than_the_address() {
    for (text, longest) in [
        ("10.0.0.0/33", 32),
        ("10.0.0.0/256", 32),
        ("10.0.0.0/65535", 32),
        ("2001:db8::/129", 128),
        ("::ffff:10.0.0.0/129", 128),
    ] {
        let error = text.parse::<Cidr>().err();
        assert_eq!(error, Some(CidrError::PrefixTooLong(longest)), "{text}");
    }
    assert_eq!(CidrError::PrefixTooLong(32).to_string(), "must have a prefix length from 0 to 32");
}

#[test]
fn an_address_inside_of_the_network_is_rejected_with_the_network() {
    for (text, meant) in [
        ("10.0.0.1/8", "10.0.0.0/8"),
        ("192.0.2.7/31", "192.0.2.6/31"),
        ("192.0.2.7/0", "0.0.0.0/0"),
        ("2001:db8::1/64", "2001:db8::/64"),
        ("::1/0", "::/0"),
        ("::ffff:10.0.0.1/104", "10.0.0.0/8"),
    ] {
        let error = text.parse::<Cidr>().err();
        assert_eq!(error, Some(CidrError::NotFirst(network(meant))), "{text}");
        let said = format!("must be the first address of the network; did you mean {meant}?");
        assert_eq!(error.map(|error| error.to_string()), Some(said));
    }
}
