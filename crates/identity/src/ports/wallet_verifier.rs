//! Telling whose signature it is.

use std::time::Duration;

use async_trait::async_trait;
use tessera_kernel::RateLimited;

use super::Requester;
use crate::model::{WalletAccount, WalletSignature};

/// A signature, and what it is to be of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// Who is said to have signed.
    pub account: WalletAccount,
    /// What they may have signed, byte for byte: any one of these.
    pub texts: Vec<Vec<u8>>,
    /// The signature.
    pub signature: WalletSignature,
    /// Who presents it. Requests to a chain are limited by the network.
    pub requester: Requester,
}

/// What a signature was found good by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Voucher {
    /// The key behind the address. Whoever holds it holds it on every chain of that kind.
    Key,
    /// The contract at the address, on that one chain: on another, somebody else may have made theirs at the same address.
    Contract,
}

/// A signature could not be judged.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// All places are taken, and the queue is full, another network needs the place in it, or its deadline passed.
    #[error("too many signatures are being checked")]
    Busy {
        /// How long to wait before trying again.
        retry_after: Duration,
    },
    /// The network, or the wallet, has used up its share of the questions to a chain. Nothing was asked.
    #[error(transparent)]
    RateLimited(#[from] RateLimited),
    /// The chain that has to be asked does not answer.
    #[error("the chain can't be asked")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Checking itself failed.
    #[error("checking the signature failed: {0}")]
    Failed(String),
}

/// Judges signatures of wallets.
#[async_trait]
pub trait WalletVerifier: Send + Sync {
    /// What vouches that the account has signed one of the texts. `Ok(None)` when nothing does, and for whatever is no
    /// signature at all: an error says that nobody knows. A text has one signature and no twin: of the two that elliptic curves allow, the one with the high `s`
    /// is refused.
    async fn verify(&self, proof: Proof) -> Result<Option<Voucher>, VerifyError>;
}
