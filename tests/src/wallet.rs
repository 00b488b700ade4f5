//! Wallets with their own keys, which sign like real wallets.

use std::sync::atomic::{AtomicU64, Ordering};

use ed25519_dalek::Signer as _;
use k256::ecdsa::SigningKey;
use serde_json::{Value, json};
use sha3::{Digest as _, Keccak256};

/// 32 bytes that are unique in this process.
fn secret() -> [u8; 32] {
    static COUNT: AtomicU64 = AtomicU64::new(1);
    let number = COUNT.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    Keccak256::digest([b"a wallet of these tests ".as_slice(), &number].concat()).into()
}

/// Bytes in the hexadecimal format of Ethereum wallets.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold("0x".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}

/// The wallet of an Ethereum account.
#[derive(Debug, Clone)]
pub struct EvmWallet(SigningKey);

impl EvmWallet {
    /// Creates a wallet.
    ///
    /// # Panics
    /// Panics with negligible probability.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "no two are alike")]
    pub fn new() -> Self {
        Self::with_key(&secret())
    }

    /// Creates the wallet with that private key.
    ///
    /// # Panics
    /// Panics if it is no key.
    #[must_use]
    pub fn with_key(key: &[u8; 32]) -> Self {
        Self(SigningKey::from_slice(key).unwrap_or_else(|error| panic!("no key: {error}")))
    }

    /// Its address in lower case.
    #[must_use]
    pub fn address(&self) -> String {
        let key = self.0.verifying_key().to_encoded_point(false);
        hex(&Keccak256::digest(&key.as_bytes()[1..])[12..])
    }

    /// Its signature of a text (EIP-191): 65 bytes, `v` last.
    ///
    /// # Panics
    /// Panics if the library fails.
    #[must_use]
    pub fn sign_bytes(&self, text: &str) -> Vec<u8> {
        let prefixed = format!("\u{19}Ethereum Signed Message:\n{}{text}", text.len());
        let signed = self.0.sign_prehash_recoverable(&Keccak256::digest(prefixed));
        let (signature, parity) = signed.unwrap_or_else(|error| panic!("not signed: {error}"));
        [&signature.to_bytes()[..], &[27 + parity.to_byte()]].concat()
    }

    /// The signature in the format that wallets return.
    #[must_use]
    pub fn sign(&self, text: &str) -> String {
        hex(&self.sign_bytes(text))
    }

    /// The request body that names the wallet.
    #[must_use]
    pub fn named(&self, chain: &str) -> Value {
        json!({"wallet_address": self.address(), "chain_type": chain})
    }

    /// The request body that proves the wallet with a challenge.
    #[must_use]
    pub fn proof(&self, chain: &str, challenge: &Value) -> Value {
        let text = challenge["challenge"].as_str().unwrap_or_default();
        with_signature(self.named(chain), self.sign(text), challenge)
    }
}

/// The wallet of a Solana account.
#[derive(Debug, Clone)]
pub struct SolanaWallet(ed25519_dalek::SigningKey);

impl SolanaWallet {
    /// Creates a wallet.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "no two are alike")]
    pub fn new() -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(&secret()))
    }

    /// Its address.
    #[must_use]
    pub fn address(&self) -> String {
        bs58::encode(self.0.verifying_key().as_bytes()).into_string()
    }

    /// Its signature of bytes, in base58.
    #[must_use]
    pub fn sign(&self, bytes: &[u8]) -> String {
        bs58::encode(self.0.sign(bytes).to_bytes()).into_string()
    }

    /// The request body that names the wallet.
    #[must_use]
    pub fn named(&self) -> Value {
        json!({"wallet_address": self.address(), "chain_type": "solana"})
    }

    /// The request body that proves the wallet with a challenge.
    #[must_use]
    pub fn proof(&self, challenge: &Value) -> Value {
        let text = challenge["challenge"].as_str().unwrap_or_default();
        with_signature(self.named(), self.sign(text.as_bytes()), challenge)
    }
}

fn with_signature(mut body: Value, signature: String, challenge: &Value) -> Value {
    body["signature"] = signature.into();
    body["nonce"] = challenge["nonce"].clone();
    body
}
