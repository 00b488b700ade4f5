//! Contract wallets: accounts without a key, of which only a contract can say what they have signed.

mod abi;
mod erc1271;
mod rpc;
mod validator;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use tessera_identity::{
    model::{Chain, WalletAddress},
    ports::{Call, ChainReader, Proof, ReadChainError, VerifyError, Voucher, WalletVerifier},
};
use tokio::{sync::Semaphore, time::timeout};

use crate::crypto::{KeySignatures, message_hash};

pub use rpc::{JsonRpcReader, JsonRpcReaderError};

/// How many questions may be under way to all chains together.
const PLACES: usize = 32;

/// When a busy verifier is worth another try.
const RETRY: Duration = Duration::from_secs(1);

/// How long everything that is read for one text may take together.
const DEADLINE: Duration = Duration::from_secs(3);

/// What one question may burn. Making a wallet takes hundreds of thousands, a signature that is checked in bytecode about a
/// million.
const GAS: u64 = 25_000_000;

/// Asks the key behind an address first, and the chain only where that has not signed: an account that has a key costs nobody a
/// question.
#[derive(Clone)]
pub struct ContractSignatures {
    keys: KeySignatures,
    chains: Arc<dyn ChainReader>,
    places: Arc<Semaphore>,
}

impl ContractSignatures {
    /// One that asks these chains. On a chain that is not read, only keys sign.
    #[must_use]
    pub fn new(keys: KeySignatures, chains: Arc<dyn ChainReader>) -> Self {
        Self { keys, chains, places: Arc::new(Semaphore::new(PLACES)) }
    }

    async fn ask(&self, address: &[u8; 20], proof: &Proof) -> Result<Option<Voucher>, VerifyError> {
        let Ok(_place) = self.places.try_acquire() else { return Err(VerifyError::Busy { retry_after: RETRY }) };
        let (chain, signature) = (proof.account.chain(), proof.signature.as_bytes());
        for text in &proof.texts {
            match timeout(DEADLINE, self.accepts(chain, address, &message_hash(text), signature)).await {
                Ok(Ok(true)) => return Ok(Some(Voucher::Contract)),
                Ok(Ok(false) | Err(ReadChainError::Reverted | ReadChainError::OutOfGas)) => {}
                Ok(Err(ReadChainError::Unavailable(error))) => return Err(VerifyError::Unavailable(error)),
                Err(late) => return Err(VerifyError::Unavailable(late.into())),
            }
        }
        Ok(None)
    }

    /// Whether the contract at the address takes the signature for one of that hash. Everything at one block, so that no answer
    /// speaks of another state than the one before.
    async fn accepts(
        &self,
        chain: Chain,
        address: &[u8; 20],
        hash: &[u8; 32],
        signature: &[u8],
    ) -> Result<bool, ReadChainError> {
        let block = self.chains.latest_block(chain).await?;
        let made = !validator::is_of_a_wallet_to_be_made(signature);
        if made && self.chains.code(chain, address, block).await?.is_empty() {
            return Ok(false);
        }
        if signature.len() < validator::SHORTEST {
            // Contracts whose owners approve on the chain take an empty one.
            let call = Call { to: Some(*address), data: erc1271::question(hash, signature), gas: GAS };
            return Ok(erc1271::is_yes(&self.chains.call(chain, &call, block).await?));
        }
        let call = Call { to: None, data: validator::question(address, hash, signature), gas: GAS };
        Ok(validator::is_yes(&self.chains.call(chain, &call, block).await?))
    }
}

#[async_trait]
impl WalletVerifier for ContractSignatures {
    async fn verify(&self, proof: Proof) -> Result<Option<Voucher>, VerifyError> {
        let WalletAddress::Evm(address) = proof.account.address() else { return self.keys.verify(proof).await };
        if !self.chains.reads(proof.account.chain()) {
            return self.keys.verify(proof).await;
        }
        if let Some(key) = self.keys.verify(proof.clone()).await? {
            return Ok(Some(key));
        }
        self.ask(&address, &proof).await
    }
}
