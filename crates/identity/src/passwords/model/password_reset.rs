//! Password reset requests and tokens. Any visitor can request a reset. The one-time token is mailed to the address of
//! the account.

use tessera_kernel::{EmailAddress, RequestMetadata, ResetRequestId, SecretHash, UserId};
use time::{Duration, OffsetDateTime};

tessera_kernel::link_token! {
    /// One-time token that allows setting a new password. It is only in the mail: storage has its hash.
    ResetToken;
}

/// A password reset request that waits to be processed. It is not known yet whether the address has an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResetRequest {
    /// Id of the request.
    pub id: ResetRequestId,
    /// The requested email address.
    pub email: EmailAddress,
    /// Request metadata of the request.
    pub origin: RequestMetadata,
    /// When the request expires.
    pub expires_at: OffsetDateTime,
    /// How many more links the limit of the address admits after this one. `None` if the limit is reached.
    pub links_left: Option<u32>,
}

/// A stored reset token. Only its hash is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordReset {
    /// The user whose password it sets.
    pub user: UserId,
    /// The address that received the token. The token becomes invalid when the account has another address.
    pub email: EmailAddress,
    /// Hash of the token.
    pub hash: SecretHash,
    /// When the token expires.
    pub expires_at: OffsetDateTime,
}

impl PasswordReset {
    /// Lifetime of a token.
    pub const TTL: Duration = Duration::minutes(30);
}
