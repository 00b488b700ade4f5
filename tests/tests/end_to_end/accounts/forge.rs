//! Forged tokens.

use aws_lc_rs::{
    hmac,
    rand::SystemRandom,
    rsa::{KeyPair, KeySize},
    signature::RSA_PKCS1_SHA256,
};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};
use tessera_adapters::MasterKey;
use tessera_tests::process::{Installation, MASTER_KEY};

use crate::storage;

/// Base64url without padding, as in JWS.
pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    BASE64URL_NOPAD.encode(bytes.as_ref())
}

/// Header and payload of a token.
pub(crate) fn open(token: &str) -> (Value, Value) {
    let mut parts = token.split('.').map(|part| {
        let bytes = BASE64URL_NOPAD.decode(part.as_bytes()).unwrap_or_else(|error| panic!("no base64url: {error}"));
        serde_json::from_slice(&bytes).unwrap_or(Value::Null)
    });
    (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
}

/// Signs any content with HMAC-SHA256.
pub(crate) struct Forge(hmac::Key);

impl Forge {
    /// Uses a secret that the service does not have.
    pub(crate) fn foreign() -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, &[7; 32]))
    }

    /// Uses any secret, such as a public key.
    pub(crate) fn with(secret: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    /// Uses the service's own secret from its storage, so that a claim is rejected and not the signature.
    pub(crate) async fn own(installation: &Installation) -> Self {
        let store = storage::open(installation).await;
        let sealed = store.find_secret("user-token-hs256").await.unwrap_or_else(|error| panic!("no secret: {error}"));
        let key: MasterKey = MASTER_KEY.parse().unwrap_or_else(|error| panic!("no master key: {error}"));
        let secret = key.open("user-token-hs256", &sealed.unwrap_or_default());
        let secret = secret.unwrap_or_else(|error| panic!("not opened: {error}"));
        Self(hmac::Key::new(hmac::HMAC_SHA256, &secret))
    }

    /// A token of two encoded parts.
    pub(crate) fn sign_parts(&self, header: &str, payload: &str) -> String {
        let message = format!("{header}.{payload}");
        let signature = hmac::sign(&self.0, message.as_bytes());
        format!("{message}.{}", encode(signature))
    }

    /// A token of the header and the payload.
    pub(crate) fn sign(&self, header: &Value, payload: &Value) -> String {
        self.sign_parts(&encode(header.to_string()), &encode(payload.to_string()))
    }

    /// A token of the payload, with the header of a real token.
    pub(crate) fn sign_like(&self, real: &str, payload: impl AsRef<[u8]>) -> String {
        let header = real.split('.').next().unwrap_or_default();
        self.sign_parts(header, &encode(payload))
    }
}

/// The payload, signed with a throwaway RSA key.
pub(crate) fn rs256(payload: &Value) -> String {
    let key = KeyPair::generate(KeySize::Rsa2048).unwrap_or_else(|error| panic!("no RSA key: {error}"));
    let message =
        format!("{}.{}", encode(json!({"alg": "RS256", "typ": "at+jwt"}).to_string()), encode(payload.to_string()));
    let mut signature = vec![0; key.public_modulus_len()];
    let signed = key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signature);
    signed.unwrap_or_else(|error| panic!("not signed: {error}"));
    format!("{message}.{}", encode(signature))
}
