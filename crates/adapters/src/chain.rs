//! Contract wallets: accounts without a key, of which only a contract can say what they have signed.

mod rpc;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use tessera_identity::{
    model::{Chain, WalletAddress, WalletSignature},
    ports::{Proof, VerifyError, Voucher, WalletVerifier},
};
use tessera_kernel::Secret;
use tokio::sync::Semaphore;

use crate::crypto::{KeySignatures, message_hash};
use rpc::{Answer, Node};

/// How many questions may be under way to all nodes together.
const PLACES: usize = 32;

/// When a busy verifier is worth another try.
const RETRY: Duration = Duration::from_secs(1);

/// Asks the key behind an address first, and a node of the chain only where that has not signed: an account that has a key
/// costs nobody a question.
#[derive(Clone)]
pub struct ContractSignatures {
    keys: KeySignatures,
    nodes: Arc<BTreeMap<Chain, Node>>,
    places: Arc<Semaphore>,
}

/// A node can't be asked.
#[derive(Debug, thiserror::Error)]
#[error("no HTTP client can be made")]
pub struct ContractSignaturesError(#[from] reqwest::Error);

impl ContractSignatures {
    /// One that asks these nodes, each of its chain. On a chain without one, only keys sign. The addresses come from the
    /// operator, and nothing that a client sends changes them.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn new(
        keys: KeySignatures,
        nodes: impl IntoIterator<Item = (Chain, Secret<String>)>,
    ) -> Result<Self, ContractSignaturesError> {
        let http = rpc::client()?;
        let of_chain = |(chain, url): (Chain, Secret<String>)| Some((chain, Node::new(http.clone(), url, chain.id()?)));
        let nodes = nodes.into_iter().filter_map(of_chain).collect();
        Ok(Self { keys, nodes: Arc::new(nodes), places: Arc::new(Semaphore::new(PLACES)) })
    }

    async fn ask(
        &self,
        node: &Node,
        address: &[u8; 20],
        texts: &[Vec<u8>],
        signature: &WalletSignature,
    ) -> Result<Option<Voucher>, VerifyError> {
        let Ok(_place) = self.places.try_acquire() else { return Err(VerifyError::Busy { retry_after: RETRY }) };
        for text in texts {
            match node.accepts(address, &message_hash(text), signature.as_bytes()).await {
                Answer::Yes => return Ok(Some(Voucher::Contract)),
                Answer::No => {}
                Answer::Unknown(error) => return Err(VerifyError::Unavailable(error)),
            }
        }
        Ok(None)
    }
}

#[async_trait]
impl WalletVerifier for ContractSignatures {
    async fn verify(&self, proof: Proof) -> Result<Option<Voucher>, VerifyError> {
        let node = self.nodes.get(&proof.account.chain());
        let (Some(node), WalletAddress::Evm(address)) = (node, proof.account.address()) else {
            return self.keys.verify(proof).await;
        };
        if let Some(key) = self.keys.verify(proof.clone()).await? {
            return Ok(Some(key));
        }
        self.ask(node, &address, &proof.texts, &proof.signature).await
    }
}
