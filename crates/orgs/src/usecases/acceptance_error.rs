//! Why an invitation can't be viewed or accepted.

use tessera_kernel::{QuotaExceeded, StoreError};

/// Nobody came in.
#[derive(Debug, thiserror::Error)]
pub enum AcceptInvitationError {
    /// The token is unknown, expired, used, replaced or withdrawn, whoever invited may no longer do so, or the user is not
    /// the one who has verified the invited address: always the same answer.
    #[error("this invitation is not valid")]
    Invalid,
    /// Another request is about to accept it.
    #[error("this invitation is being accepted by another request")]
    Claimed,
    /// A quota is used up.
    #[error(transparent)]
    Quota(#[from] QuotaExceeded),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
