//! Nonces of challenges, and the site that challenges name.

use std::collections::BTreeSet;

use tessera_identity::model::{Nonce, Site};
use tessera_testkit::{
    expectations::{failed, parsed},
    fakes::SequentialEntropy,
};

#[test]
fn a_nonce_has_22_alphanumeric_characters_s82() {
    let entropy = SequentialEntropy::default();
    let nonces: BTreeSet<Nonce> = (0..1000).map(|_| Nonce::generate(&entropy)).collect();
    assert_eq!(nonces.len(), 1000);
    for nonce in &nonces {
        assert!(nonce.as_str().len() == 22 && nonce.as_str().bytes().all(|b| b.is_ascii_alphanumeric()), "{nonce}");
        assert_eq!(parsed::<Nonce>(nonce.as_str()), *nonce);
    }
    let long = "a".repeat(23);
    for text in ["", "a", &long[..21], &long, "aaaaaaaaaaaaaaaaaaaaa-", "aaaaaaaaaaaaaaaaaaaa\u{e9}"] {
        failed(text.parse::<Nonce>());
    }
}

#[test]
fn a_nonce_contains_all_128_random_bits() {
    struct Bytes([u8; 16]);
    impl tessera_kernel::Entropy for Bytes {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.copy_from_slice(&self.0);
        }
    }
    let one_bit = |bit: usize| {
        let mut bytes = [0; 16];
        bytes[bit / 8] = 1 << (bit % 8);
        Nonce::generate(&Bytes(bytes))
    };
    let all: BTreeSet<Nonce> = (0..128).map(one_bit).chain([Nonce::generate(&Bytes([0xFF; 16]))]).collect();
    assert_eq!(all.len(), 129);
}

#[test]
fn a_site_is_the_authority_and_the_whole_of_its_url() {
    let urls = [
        ("https://accounts.example.com", "accounts.example.com"),
        ("http://localhost:8080", "localhost:8080"),
        ("https://example.com:444/id/entity", "example.com:444"),
        ("http://[::1]:8080/x", "[::1]:8080"),
        ("https://xn--bcher-kva.example/", "xn--bcher-kva.example"),
    ];
    for (url, domain) in urls {
        assert_eq!((Site::of(url).domain(), Site::of(url).uri()), (domain, url));
    }
}
