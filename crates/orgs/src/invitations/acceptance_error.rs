//! Why an invitation can't be viewed or accepted.

use tessera_kernel::{AccountError, QuotaExceeded, StoreError};

/// Why an invitation can't be viewed or accepted.
#[derive(Debug, thiserror::Error)]
pub enum AcceptInvitationError {
    /// The token is unknown, expired, used, replaced or withdrawn; or the inviter may no longer invite; or the user has
    /// not verified the invited address. One error covers all cases, so that callers can't distinguish them.
    #[error("this invitation is not valid")]
    Invalid,
    /// Another request holds the claim on the invitation.
    #[error("this invitation is being accepted by another request")]
    Claimed,
    /// A quota is reached.
    #[error(transparent)]
    Quota(#[from] QuotaExceeded),
    /// The account of the invited user is not available.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
