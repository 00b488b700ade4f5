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
use tessera_kernel::{NodeLimits, RateLimit};
use tokio::{sync::Semaphore, time::timeout};

use crate::crypto::{KeySignatures, is_of_key, message_hash};

pub use rpc::{JsonRpcReader, JsonRpcReaderError};

/// How many questions may be under way to all chains together.
const PLACES: usize = 32;

/// How long a question waits for a place.
const PATIENCE: Duration = Duration::from_secs(2);

/// How many questions one network may cause. A person needs one for each sign-in.
const PER_NETWORK: RateLimit = RateLimit { name: "contract-wallet", quota: 20, window: time::Duration::MINUTE };

/// The limit on calls about one wallet, from all networks together. It exceeds the limit of one network, so a single network
/// cannot use up the share of a wallet.
const PER_WALLET: RateLimit = RateLimit { quota: 60, ..PER_NETWORK };

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
    limits: Arc<dyn NodeLimits>,
}

impl ContractSignatures {
    /// One that asks these chains, within these limits. On a chain that is not read, only keys sign.
    #[must_use]
    pub fn new(keys: KeySignatures, chains: Arc<dyn ChainReader>, limits: Arc<dyn NodeLimits>) -> Self {
        Self { keys, chains, places: Arc::new(Semaphore::new(PLACES)), limits }
    }

    async fn ask(&self, address: &[u8; 20], proof: &Proof) -> Result<Option<Voucher>, VerifyError> {
        // The network first: what it may not ask must not count for the wallet, which belongs to someone else perhaps.
        if let Some(network) = proof.requester.network {
            self.limits.admit(PER_NETWORK, &format!("network {network}"))?;
        }
        self.limits.admit(PER_WALLET, &format!("wallet {}", proof.account))?;
        let Ok(Ok(_place)) = timeout(PATIENCE, self.places.acquire()).await else {
            return Err(VerifyError::Busy { retry_after: RETRY });
        };
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

    /// Whether the contract at the address takes the signature for one of that hash. One call answers it: an account without
    /// code returns nothing to the first question, and the validator of the second looks for code itself.
    async fn accepts(
        &self,
        chain: Chain,
        address: &[u8; 20],
        hash: &[u8; 32],
        signature: &[u8],
    ) -> Result<bool, ReadChainError> {
        if signature.len() < validator::SHORTEST {
            // Contracts whose owners approve on the chain take an empty one.
            let call = Call { to: Some(*address), data: erc1271::question(hash, signature), gas: GAS };
            return Ok(erc1271::is_yes(&self.chains.call(chain, &call).await?));
        }
        let call = Call { to: None, data: validator::question(address, hash, signature), gas: GAS };
        Ok(validator::is_yes(&self.chains.call(chain, &call).await?))
    }
}

/// Whether a contract could have made the signature, so that the chain is worth a question.
///
/// A key's signature of the text, in whatever form, is none: the key was asked before. This also keeps the validator from
/// accepting the second form of a key's signature (high `s`), because it recovers keys for accounts without code. A signature
/// for a wallet that is not deployed yet must hold the three values of ERC-6492.
fn may_be_of_a_contract(address: &[u8; 20], proof: &Proof) -> bool {
    let signature = proof.signature.as_bytes();
    if validator::is_of_a_wallet_to_be_made(signature) {
        return validator::is_well_formed(signature);
    }
    !is_of_key(address, &proof.texts, signature)
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
        if !may_be_of_a_contract(&address, &proof) {
            return Ok(None);
        }
        self.ask(&address, &proof).await
    }
}
