//! What the browser carries back to the application, which redeems it for a token.

use tessera_kernel::{ApplicationId, OrganizationId, SecretHash, UserId};
use time::OffsetDateTime;

use super::{super::WalletAccount, CodeChallenge, Echo};

/// Whether a code still serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SsoCodeState {
    /// Nobody has come with it.
    Open,
    /// Somebody has, for good or not.
    Redeemed {
        /// When.
        at: OffsetDateTime,
    },
}

/// A code, as it is kept: the code itself is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SsoCode {
    /// Hash of the code.
    pub hash: SecretHash,
    /// The application that it is for.
    pub application: ApplicationId,
    /// Who owns the application.
    pub organization: OrganizationId,
    /// Where it was sent.
    pub redirect_uri: String,
    /// What its redemption must prove.
    pub code_challenge: CodeChallenge,
    /// Comes back inside the token.
    pub nonce: Option<Echo>,
    /// Who has signed in.
    pub user: UserId,
    /// The wallet that signed, on the chain that it named.
    pub account: WalletAccount,
    /// Whether it still serves.
    pub state: SsoCodeState,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// From when it is worth nothing.
    pub expires_at: OffsetDateTime,
}
