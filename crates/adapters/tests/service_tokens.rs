//! Tests of RS256 keys and service tokens, with the examples of the RFCs. The tokens are verified without the library
//! that signs them.

use std::{fmt::Debug, sync::Arc};

use serde_json::{Value, json};
use tessera_adapters::{KeyBits, MasterKey, Rs256Signer, thumbprint};
use tessera_kernel::{Role, Secret};
use tessera_sso::{
    model::{NewKey, PublicKey, SigningKey},
    ports::{ProvenWallet, ServiceClaims, ServiceTokenSigner as _, SigningError},
};
use tessera_system::SystemEntropy;
use tessera_testkit::builders::{NOW, organization_id, user_id};
use tessera_tests::{jose, process::MASTER_KEY};
use time::Duration;

#[track_caller]
fn ok<T, E: Debug>(result: Result<T, E>) -> T {
    result.unwrap_or_else(|error| panic!("unexpected error: {error:?}"))
}

fn signer(bits: KeyBits, master: &str) -> Rs256Signer {
    let master = Arc::new(ok(master.parse::<MasterKey>()));
    Rs256Signer::new("https://id.example.com".to_owned(), bits, master, Arc::new(SystemEntropy))
}

async fn key(signer: &Rs256Signer) -> SigningKey {
    let NewKey { id, public, sealed } = ok(signer.make_key().await);
    SigningKey { id, public, sealed, created_at: NOW, signs_from: NOW, retirement: None }
}

fn jwks(key: &SigningKey) -> Value {
    json!({"keys": [{"kid": key.id.as_str(), "n": key.public.modulus, "e": key.public.exponent}]})
}

fn claims() -> ServiceClaims {
    ServiceClaims {
        user: user_id(1),
        audience: ok("https://games.example.com".parse()),
        token_id: user_id(2).as_uuid(),
        issued_at: NOW,
        expires_at: NOW + Duration::minutes(5),
        organization: Some(organization_id(1)),
        roles: vec![Role::Admin],
        nonce: None,
        wallet: None,
    }
}

#[test]
fn a_thumbprint_is_that_of_rfc_7638() {
    let modulus = concat!(
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3o",
        "knjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZH",
        "zu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU",
        "8awapJzKnqDKgw",
    );
    let key = PublicKey { modulus: modulus.to_owned(), exponent: "AQAB".to_owned() };
    assert_eq!(thumbprint(&key), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}

#[tokio::test]
async fn a_token_is_verified_without_the_signing_library() {
    let signer = signer(KeyBits::B2048, MASTER_KEY);
    let key = key(&signer).await;
    let (header, read) = ok(jose::verify(&jwks(&key), ok(signer.sign(&key, &claims())).expose()));
    assert_eq!(header, json!({"typ": "service+jwt", "alg": "RS256", "kid": key.id.as_str()}));
    let expected = json!({
        "iss": "https://id.example.com", "sub": user_id(1).to_string(), "aud": "https://games.example.com",
        "exp": NOW.unix_timestamp() + 300, "iat": NOW.unix_timestamp(), "jti": user_id(2).to_string(),
        "organization_id": organization_id(1).to_string(), "roles": ["admin"],
    });
    assert_eq!(read, expected);
    assert_eq!(key.id.as_str(), thumbprint(&key.public));
}

#[tokio::test]
async fn optional_claims_are_present_only_when_they_have_a_value() {
    let signer = signer(KeyBits::B2048, MASTER_KEY);
    let key = key(&signer).await;
    let wallet = ProvenWallet { address: "0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045".to_owned(), chain_id: 137 };
    let sso = ServiceClaims {
        organization: None,
        roles: vec![],
        nonce: Some("n-0S6_WzA2Mj".to_owned()),
        wallet: Some(wallet),
        ..claims()
    };
    let (_, read) = ok(jose::verify(&jwks(&key), ok(signer.sign(&key, &sso)).expose()));
    assert_eq!((&read["organization_id"], &read["roles"]), (&Value::Null, &Value::Null));
    assert_eq!((&read["nonce"], &read["chain_id"]), (&json!("n-0S6_WzA2Mj"), &json!(137)));
    assert_eq!(read["wallet_address"], "0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045");
}

#[tokio::test]
async fn rsa_keys_have_the_requested_length_s71() {
    for (bits, length) in [(KeyBits::B2048, 342), (KeyBits::B3072, 512)] {
        let signer = signer(bits, MASTER_KEY);
        let key = key(&signer).await;
        assert_eq!((key.public.modulus.len(), key.public.exponent.as_str()), (length, "AQAB"));
        assert!(jose::verify(&jwks(&key), ok(signer.sign(&key, &claims())).expose()).is_ok());
    }
    assert!("1024".parse::<KeyBits>().is_err());
}

#[tokio::test]
async fn each_key_signs_its_own_tokens_in_any_order() {
    let signer = signer(KeyBits::B2048, MASTER_KEY);
    let (one, other) = (key(&signer).await, key(&signer).await);
    assert_ne!(one.id, other.id);
    for key in [&one, &other, &one] {
        let token = ok(signer.sign(key, &claims()));
        assert!(jose::verify(&jwks(key), token.expose()).is_ok());
    }
    let token = ok(signer.sign(&one, &claims()));
    let borrowed = json!({"keys": [{"kid": one.id.as_str(), "n": other.public.modulus, "e": "AQAB"}]});
    assert!(jose::verify(&borrowed, token.expose()).is_err());
}

#[tokio::test]
async fn a_private_key_is_sealed_under_its_id_and_the_master_key() {
    let signer = signer(KeyBits::B2048, MASTER_KEY);
    let one = key(&signer).await;
    let other = key(&signer).await;
    let stranger = self::signer(KeyBits::B2048, &MASTER_KEY.replace("1f", "ff"));
    assert!(matches!(stranger.open_key(&one), Err(SigningError(_))));
    let fresh = self::signer(KeyBits::B2048, MASTER_KEY);
    ok(fresh.open_key(&one));
    let swapped = SigningKey { sealed: other.sealed.clone(), ..one.clone() };
    assert!(self::signer(KeyBits::B2048, MASTER_KEY).open_key(&swapped).is_err());
    let broken = SigningKey { sealed: Secret::new(vec![1, 2, 3]), ..one };
    assert!(self::signer(KeyBits::B2048, MASTER_KEY).sign(&broken, &claims()).is_err());
}
