//! Signature verification for contract accounts (ERC-1271, ERC-6492).

mod abi;
mod erc1271;
mod rpc;
mod validator;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use tessera_identity::ports::{
    Call, ChainReader, ReadChainError, SignatureCheck, SignerKind, VerifyError, WalletVerifier,
};
use tessera_kernel::{Chain, NodeLimits, WalletAddress, limit};
use tokio::{sync::Semaphore, time::timeout};

use crate::crypto::{KeySignatures, is_of_key, message_hash};

pub use rpc::{JsonRpcReader, JsonRpcReaderError};

/// Maximum number of concurrent contract calls, over all chains.
const PLACES: usize = 32;

/// How long a verification waits for a free place before it fails with [`VerifyError::Busy`].
const PATIENCE: Duration = Duration::from_secs(2);

/// The `retry_after` of a verifier without a free place.
const RETRY: Duration = Duration::from_secs(1);

/// Time limit for all chain reads for one text.
const DEADLINE: Duration = Duration::from_secs(3);

/// Gas limit of one call. The deployment of a wallet needs hundreds of thousands, a signature check in bytecode about a
/// million.
const GAS: u64 = 25_000_000;

/// Verifies a signature with the key of the address first, and calls the chain only if that fails. The wallet of an
/// externally owned account therefore causes no call.
#[derive(Clone)]
pub struct ContractSignatures {
    keys: KeySignatures,
    chains: Arc<dyn ChainReader>,
    places: Arc<Semaphore>,
    limits: Arc<dyn NodeLimits>,
}

impl ContractSignatures {
    /// Creates a verifier with these limits. On a chain that `chains` does not read, only key signatures are valid.
    #[must_use]
    pub fn new(keys: KeySignatures, chains: Arc<dyn ChainReader>, limits: Arc<dyn NodeLimits>) -> Self {
        Self { keys, chains, places: Arc::new(Semaphore::new(PLACES)), limits }
    }

    async fn ask(&self, address: &[u8; 20], proof: &SignatureCheck) -> Result<Option<SignerKind>, VerifyError> {
        // The limit of the network comes first. A request that it rejects must not count against the wallet, which may
        // belong to another user.
        if let Some(network) = proof.requester.network {
            self.limits.admit(limit::CONTRACT_WALLET, &format!("network {network}"))?;
        }
        self.limits.admit(limit::CONTRACT_WALLET_ADDRESS, &format!("wallet {}", proof.account))?;
        let Ok(Ok(_place)) = timeout(PATIENCE, self.places.acquire()).await else {
            return Err(VerifyError::Busy { retry_after: RETRY });
        };
        let (chain, signature) = (proof.account.chain(), proof.signature.as_bytes());
        for text in &proof.texts {
            match timeout(DEADLINE, self.accepts(chain, address, &message_hash(text), signature)).await {
                Ok(Ok(true)) => return Ok(Some(SignerKind::Contract)),
                Ok(Ok(false) | Err(ReadChainError::Reverted | ReadChainError::OutOfGas)) => {}
                Ok(Err(ReadChainError::Unavailable(error))) => return Err(VerifyError::Unavailable(error)),
                Err(late) => return Err(VerifyError::Unavailable(late.into())),
            }
        }
        Ok(None)
    }

    /// Returns whether the contract at the address accepts the signature for the hash. One call is enough: for an
    /// account without code, the ERC-1271 call returns no data, and the ERC-6492 validator checks for code itself.
    async fn accepts(
        &self,
        chain: Chain,
        address: &[u8; 20],
        hash: &[u8; 32],
        signature: &[u8],
    ) -> Result<bool, ReadChainError> {
        if signature.len() < validator::SHORTEST {
            // Contracts whose owners approve a hash on the chain accept an empty signature.
            let call = Call { to: Some(*address), data: erc1271::question(hash, signature), gas: GAS };
            return Ok(erc1271::is_yes(&self.chains.call(chain, &call).await?));
        }
        let call = Call { to: None, data: validator::question(address, hash, signature), gas: GAS };
        Ok(validator::is_yes(&self.chains.call(chain, &call).await?))
    }
}

/// Returns whether a contract may have made the signature, so that a call is justified.
///
/// Every form of a signature by the key of the address is excluded, because the key was checked before. This also
/// prevents the validator from accepting the high-`s` form of a key signature, because the validator recovers keys for
/// accounts without code. A signature for a wallet that is not deployed yet must contain the three values of ERC-6492.
fn may_be_of_a_contract(address: &[u8; 20], proof: &SignatureCheck) -> bool {
    let signature = proof.signature.as_bytes();
    if validator::is_of_a_wallet_to_be_made(signature) {
        return validator::is_well_formed(signature);
    }
    !is_of_key(address, &proof.texts, signature)
}

#[async_trait]
impl WalletVerifier for ContractSignatures {
    async fn verify(&self, proof: SignatureCheck) -> Result<Option<SignerKind>, VerifyError> {
        let WalletAddress::Evm(address) = proof.account.address() else { return self.keys.verify(proof).await };
        if !self.chains.reads(proof.account.chain()) {
            return self.keys.verify(proof).await;
        }
        if let Some(key) = self.keys.verify(proof.clone()).await? {
            return Ok(Some(key));
        }
        if !may_be_of_a_contract(&address, &proof) {
            return Ok(None);
        }
        self.ask(&address, &proof).await
    }
}
