//! Verification of wallet signatures.

use std::time::Duration;

use async_trait::async_trait;
use tessera_kernel::{RateLimited, WalletAccount, WalletSignature};

use crate::requester::Requester;

/// A signature with the data to verify it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureCheck {
    /// The account that is claimed to have signed.
    pub account: WalletAccount,
    /// The allowed texts, byte for byte. The signature must match one of them.
    pub texts: Vec<Vec<u8>>,
    /// The signature.
    pub signature: WalletSignature,
    /// The requester of the verification. Calls to a chain are rate-limited by its network.
    pub requester: Requester,
}

/// The kind of account that confirmed a signature: externally owned, or a contract (ERC-1271).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignerKind {
    /// The private key of the address. It controls the address on every chain of its namespace.
    ExternallyOwned,
    /// The contract at the address, on that chain only. On another chain the contract at the same address may have
    /// another owner.
    Contract,
}

tessera_kernel::error_enum! {
    /// Why a signature could not be verified.
    pub enum VerifyError {
        /// All slots are in use, and the queue is full, another network needs the place in the queue, or the deadline of
        /// the request has passed.
        #[error("too many signatures are being checked")]
        Busy {
            /// At least one second.
            retry_after: Duration,
        },
        /// The chain does not respond.
        #[error("the chain can't be asked")]
        Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
        /// The verification itself failed.
        #[error("checking the signature failed: {0}")]
        Failed(String),
    }
    from
        /// The network or the wallet has used up its limit of chain calls. No call was made.
        RateLimited(RateLimited),
}

/// Verifies signatures of wallets.
#[async_trait]
pub trait WalletVerifier: Send + Sync {
    /// Returns what confirms that the account has signed one of the texts. Returns `Ok(None)` if the signature is wrong
    /// or malformed. An error means that the result is unknown. Of the two signatures that elliptic curves allow per
    /// text, the one with the high `s` is rejected, so a signature has no second valid form.
    async fn verify(&self, proof: SignatureCheck) -> Result<Option<SignerKind>, VerifyError>;
}
