//! Reading the state of chains.

use std::error::Error;

use async_trait::async_trait;

use crate::model::Chain;

/// Code to be run over the state of the latest block. It changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The contract that is called. Without one, the data are themselves the code that is run, as when a contract is made.
    pub to: Option<[u8; 20]>,
    /// What is sent along.
    pub data: Vec<u8>,
    /// How much gas it may burn. Whoever runs it may allow less.
    pub gas: u64,
}

/// There is no answer from the chain.
#[derive(Debug, thiserror::Error)]
pub enum ReadChainError {
    /// The code refused, or is not such that it could be run to its end. Only of calls.
    #[error("the contract reverted")]
    Reverted,
    /// The code wanted more gas than it was given. Only of calls.
    #[error("the contract ran out of gas")]
    OutOfGas,
    /// Nobody can say: the chain is not read here, or whoever reads it does not answer, or not sensibly.
    #[error("the chain can't be read")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
}

/// Reads chains of Ethereum's kind. Every answer comes, or fails, within seconds.
#[async_trait]
pub trait ChainReader: Send + Sync {
    /// Whether that chain is read here. Of one that is not, everything else is [`ReadChainError::Unavailable`].
    fn reads(&self, chain: Chain) -> bool;

    /// What a call returns at the latest block. An account without code returns nothing: empty. The node behind it has been
    /// asked, at most some minutes ago, whether it serves this chain.
    async fn call(&self, chain: Chain, call: &Call) -> Result<Vec<u8>, ReadChainError>;
}
