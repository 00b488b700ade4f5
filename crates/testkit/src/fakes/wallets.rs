//! Fake wallet signatures without cryptography.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::Duration,
};

use async_trait::async_trait;
use tessera_identity::ports::{SignatureCheck, SignerKind, VerifyError, WalletVerifier};
use tessera_kernel::{WalletAddress, WalletSignature};

/// Accepts only its own signatures and counts its calls. The signatures are forgeable.
#[derive(Debug, Default)]
pub struct FakeWallets {
    asked: AtomicUsize,
    unavailable: AtomicBool,
    contracts: AtomicBool,
}

impl FakeWallets {
    /// The signature of a text by the wallet with the address: 64 bytes that depend only on these two.
    #[must_use]
    pub fn sign(address: &WalletAddress, text: &[u8]) -> WalletSignature {
        let part = |number: u8| {
            let mut hasher = DefaultHasher::new();
            (number, address, text).hash(&mut hasher);
            hasher.finish().to_be_bytes()
        };
        WalletSignature::from_bytes((0..8).flat_map(part).collect())
    }

    /// Makes every later call fail, as when a chain is unavailable.
    pub fn become_unavailable(&self) {
        self.unavailable.store(true, Ordering::SeqCst);
    }

    /// Treats every wallet as a contract account from now on.
    pub fn become_contracts(&self) {
        self.contracts.store(true, Ordering::SeqCst);
    }

    /// The number of signatures that were checked.
    #[must_use]
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl WalletVerifier for FakeWallets {
    async fn verify(&self, proof: SignatureCheck) -> Result<Option<SignerKind>, VerifyError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if self.unavailable.load(Ordering::SeqCst) {
            return Err(VerifyError::Busy { retry_after: Duration::from_secs(1) });
        }
        let address = proof.account.address();
        let signer =
            if self.contracts.load(Ordering::SeqCst) { SignerKind::Contract } else { SignerKind::ExternallyOwned };
        let valid = proof.texts.iter().any(|text| Self::sign(&address, text) == proof.signature);
        Ok(valid.then_some(signer))
    }
}
