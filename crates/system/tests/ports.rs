//! The adapters keep what their ports promise.

use tessera_kernel::{Clock as _, Entropy as _, SecretDigest as _};
use tessera_system::{Sha256Digest, SystemClock, SystemEntropy};

#[test]
fn a_digest_is_sha_256() {
    // FIPS 180-2, appendix B.1.
    let digest = Sha256Digest.digest("abc");
    let (high, low) = digest.as_bytes().split_at(16);
    assert_eq!(high, 0xba78_16bf_8f01_cfea_4141_40de_5dae_2223_u128.to_be_bytes());
    assert_eq!(low, 0xb003_61a3_9617_7a9c_b410_ff61_f200_15ad_u128.to_be_bytes());
}

#[test]
fn digests_that_differ_only_in_their_last_byte_do_not_match() {
    let digest = Sha256Digest.digest("abc");
    let mut bytes = *digest.as_bytes();
    bytes[31] ^= 1;
    assert!(Sha256Digest.matches(&digest, &digest));
    assert!(!Sha256Digest.matches(&digest, &tessera_kernel::SecretHash::from_bytes(bytes)));
}

#[test]
fn the_time_is_in_utc_and_has_whole_microseconds() {
    let now = SystemClock.now();
    assert!(now.offset().is_utc());
    assert_eq!(now.nanosecond() % 1000, 0);
}

#[test]
fn entropy_fills_the_whole_buffer_with_new_bytes() {
    let (mut one, mut other) = ([0; 32], [0; 32]);
    SystemEntropy.fill(&mut one);
    SystemEntropy.fill(&mut other);
    assert_ne!(one, other);
    assert!(one[16..].iter().any(|byte| *byte != 0) && other[16..].iter().any(|byte| *byte != 0));
}
