//! The setting of the trusted proxies.

use crate::{complaint, out, run};

const PROXIES: &str = "TESSERA_TRUSTED_PROXIES";

#[test]
fn trusted_proxies_are_addresses_and_networks() {
    assert!(out(&run(&["check-config"], &[], None)).contains("# trusted_proxies: not set\n"));
    for (given, shown) in [
        ("127.0.0.1", "127.0.0.1"),
        ("10.0.0.0/8, 192.0.2.1/32 ,2001:DB8::/32", "10.0.0.0/8,192.0.2.1,2001:db8::/32"),
        ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
        ("0.0.0.0/0,::/0", "0.0.0.0/0,::/0"),
    ] {
        let text = out(&run(&["check-config"], &[(PROXIES, given)], None));
        assert!(text.contains(&format!("trusted_proxies = \"{shown}\"  # {PROXIES}\n")), "{given}: {text}");
        let again = out(&run(&["check-config"], &[], Some(&text)));
        assert!(again.contains(&format!("trusted_proxies = \"{shown}\"  # tessera.toml\n")), "{given}: {again}");
    }
}

#[test]
fn every_invalid_entry_of_the_trusted_proxies_is_named() {
    let accepted = "must be an IP address, or a network in CIDR notation, such as 10.0.0.0/8";
    for (given, faults) in [
        ("proxy.example.com", &[format!("entry 1 {accepted}")][..]),
        ("10.0.0.1,", &[format!("entry 2 {accepted}")]),
        ("*", &[format!("entry 1 {accepted}")]),
        ("10.0.0.1:80", &[format!("entry 1 {accepted}")]),
        (
            "10.0.0.1/8,10.0.0.0/33,192.0.2.1,x,::ffff:192.0.2.1",
            &[
                "entry 1 must be the first address of the network; did you mean 10.0.0.0/8?".to_owned(),
                "entry 2 must have a prefix length from 0 to 32".to_owned(),
                format!("entry 4 {accepted}"),
                "entry 5 is a duplicate".to_owned(),
            ],
        ),
    ] {
        let text = complaint(&run(&["check-config"], &[(PROXIES, given)], None));
        assert_eq!(text, format!("tessera: {PROXIES}: {}\n", faults.join("; ")), "{given}");
    }
}
