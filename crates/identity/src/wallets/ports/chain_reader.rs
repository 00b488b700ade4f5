//! Access to the state of EVM chains.

use std::error::Error;

use async_trait::async_trait;

use tessera_kernel::Chain;

/// A read-only call on the state of the latest block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The contract to call. If `None`, `data` itself is executed as contract creation code.
    pub to: Option<[u8; 20]>,
    /// The call data.
    pub data: Vec<u8>,
    /// Gas limit. The node that executes the call may allow less.
    pub gas: u64,
}

/// Why the chain returned no result.
#[derive(Debug, thiserror::Error)]
pub enum ReadChainError {
    /// The code reverted or could not run to its end. Only for calls.
    #[error("the contract reverted")]
    Reverted,
    /// The code needed more gas than allowed. Only for calls.
    #[error("the contract ran out of gas")]
    OutOfGas,
    /// The result is unknown: the chain is not configured, or its node does not respond or responds with invalid data.
    #[error("the chain can't be read")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
}

/// Reads EVM chains. Every method returns or fails within seconds.
#[async_trait]
pub trait ChainReader: Send + Sync {
    /// Returns whether the chain is configured. For other chains every call fails with [`ReadChainError::Unavailable`].
    fn reads(&self, chain: Chain) -> bool;

    /// Returns the result of a call at the latest block. An account without code returns an empty result. The adapter
    /// has checked within the last minutes that the node behind it serves this chain.
    async fn call(&self, chain: Chain, call: &Call) -> Result<Vec<u8>, ReadChainError>;
}
