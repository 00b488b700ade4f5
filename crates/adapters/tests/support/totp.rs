//! Time-based one-time passwords, with the vectors of RFC 6238, appendix B. Its codes have 8 digits; the last 6 are the code
//! of 6 digits.

use std::sync::Arc;

use tessera_adapters::{MasterKey, SealedTotp};
use tessera_identity::{
    model::{SealedTotpSecret, TotpSecret},
    ports::TotpVerifier as _,
};
use tessera_kernel::{ProductName, StoreError, UserId};
use tessera_system::SystemEntropy;
use tessera_testkit::builders::user_id;
use time::OffsetDateTime;

use crate::ok;

const KEY: &str = "0123456789abcdef0123456789abcdef";
const VECTORS: [(i64, &str); 6] = [
    (59, "94287082"),
    (1_111_111_109, "07081804"),
    (1_111_111_111, "14050471"),
    (1_234_567_890, "89005924"),
    (2_000_000_000, "69279037"),
    (20_000_000_000, "65353130"),
];

fn totp(product: &str) -> SealedTotp {
    let product: ProductName = ok(product.parse());
    SealedTotp::new(Arc::new(ok(KEY.parse::<MasterKey>())), Arc::new(SystemEntropy), product)
}

fn secret() -> TotpSecret {
    TotpSecret::from_bytes(*b"12345678901234567890")
}

fn step_at(user: UserId, sealed: &SealedTotpSecret, code: &str, seconds: i64) -> Option<i64> {
    let at = ok(OffsetDateTime::from_unix_timestamp(seconds));
    ok(totp("Tessera").matching_step(user, sealed, &ok(code.parse()), at))
}

#[test]
fn the_vectors_of_the_rfc_match_in_their_step_and_one_before_and_after() {
    let sealed = ok(totp("Tessera").seal(user_id(1), &secret()));
    for (seconds, code) in VECTORS {
        let (code, step) = (&code[2..], seconds / 30);
        for (offset, matches) in [(-60, false), (-30, true), (0, true), (30, true), (60, false)] {
            // The first vector is less than two steps after the beginning of time.
            if seconds + offset < 0 {
                continue;
            }
            let found = step_at(user_id(1), &sealed, code, seconds + offset);
            assert_eq!(found, matches.then_some(step), "{seconds} {offset}");
        }
    }
}

#[test]
fn a_secret_is_sealed_for_its_user_and_differs_each_time() {
    let totp = totp("Tessera");
    let (one, other) = (ok(totp.seal(user_id(1), &secret())), ok(totp.seal(user_id(1), &secret())));
    assert_ne!(one, other);
    assert!(!one.as_bytes().windows(20).any(|window| window == secret().expose()));
    let code = ok("287082".parse());
    let at = ok(OffsetDateTime::from_unix_timestamp(59));
    for (user, sealed) in [(user_id(2), one.clone()), (user_id(1), SealedTotpSecret::new(vec![1; 49]))] {
        let error = totp.matching_step(user, &sealed, &code, at);
        assert!(matches!(error, Err(StoreError::Corrupt(_))), "{error:?}");
    }
    assert_eq!(step_at(user_id(1), &other, "287082", 59), Some(1));
}

#[test]
fn the_url_has_secret_issuer_and_account() {
    let provisioning = ok(totp("Blue: Heron & Söhne").provision(&secret(), "ada:1@example.com"));
    assert_eq!(provisioning.secret.expose(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    let url = provisioning.url.expose();
    assert!(url.starts_with("otpauth://totp/Blue%20%20Heron%20%26%20S%C3%B6hne:ada%201%40example.com?"), "{url}");
    assert!(url.contains("secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"), "{url}");
    assert!(!format!("{provisioning:?}").contains("GEZDG"));
}
