//! Wallet signatures that the key of the address makes.

mod ethereum;
mod solana;

use async_trait::async_trait;
use tessera_identity::ports::{HashError, SignatureCheck, SignerKind, VerifyError, WalletVerifier};
use tessera_kernel::{TRACE_TARGET, WalletAddress};

use super::Gate;
pub(crate) use ethereum::{is_of_key, message_hash};

/// Verifies key signatures: secp256k1 for Ethereum and other EVM chains, ed25519 for Solana.
#[derive(Debug, Clone)]
pub struct KeySignatures {
    gate: Gate,
}

impl KeySignatures {
    /// Creates a verifier. The recovery of a key takes a third of a millisecond, so it does not run on the request
    /// threads.
    #[must_use]
    pub const fn new(gate: Gate) -> Self {
        Self { gate }
    }
}

#[async_trait]
impl WalletVerifier for KeySignatures {
    #[tracing::instrument(name = "signature", target = TRACE_TARGET, skip_all)]
    async fn verify(&self, proof: SignatureCheck) -> Result<Option<SignerKind>, VerifyError> {
        let judged = self.gate.run(proof.requester, move || judge(&proof).then_some(SignerKind::ExternallyOwned)).await;
        judged.map_err(|error| match error {
            HashError::Busy { retry_after } => VerifyError::Busy { retry_after },
            HashError::Failed(why) => VerifyError::Failed(why),
        })
    }
}

fn judge(proof: &SignatureCheck) -> bool {
    let signature = proof.signature.as_bytes();
    match proof.account.address() {
        WalletAddress::Evm(address) => ethereum::is_signed(&address, &proof.texts, signature),
        WalletAddress::Solana(key) => solana::is_signed(&key, &proof.texts, signature),
    }
}
