//! Fake wallet signatures without cryptography.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::Duration,
};

use async_trait::async_trait;
use tessera_identity::ports::{SignatureCheck, SignerKind, VerifyError, WalletVerifier};
use tessera_kernel::{Namespace, WalletAddress, WalletSignature};

/// Accepts only its own signatures and counts its calls. The signatures are forgeable.
#[derive(Debug, Default)]
pub struct FakeWallets {
    asked: AtomicUsize,
    unavailable: AtomicBool,
    contracts: AtomicBool,
}

impl FakeWallets {
    /// The signature of a text by the wallet with the address, in the format that wallets return. It depends only on
    /// these two.
    #[must_use]
    pub fn sign(address: &WalletAddress, text: &[u8]) -> String {
        let mut hasher = DefaultHasher::new();
        (address, text).hash(&mut hasher);
        let hash = hasher.finish();
        match address.namespace() {
            Namespace::Eip155 => format!("0x{hash:016x}"),
            // In base58, each leading 1 is a zero byte, and eleven digits that begin with 2 are the other eight bytes.
            Namespace::Solana => {
                let digits: String =
                    format!("{:010o}", hash >> 34).bytes().map(|digit| char::from(digit + 1)).collect();
                format!("{}2{digits}", "1".repeat(56))
            }
        }
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
        let is_signature_of = |text: &Vec<u8>| {
            WalletSignature::parse(&Self::sign(&address, text), address.namespace()).as_ref() == Ok(&proof.signature)
        };
        let valid = proof.texts.iter().any(is_signature_of);
        Ok(valid.then_some(signer))
    }
}
