//! Authorization codes. The browser carries a code to the application, which redeems it for a token.

mod pkce;
mod secret;

use tessera_kernel::{ApplicationId, OrganizationId, SecretHash, UserId, WalletAccount};
use time::OffsetDateTime;

pub use pkce::{CodeChallenge, CodeChallengeError, CodeVerifier, CodeVerifierError};
pub(crate) use secret::is_hex;
pub use secret::{OneTimeSecret, SsoSecretError};

use crate::relying_parties::model::OpaqueState;

/// Whether a code can still be redeemed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SsoCodeState {
    /// The code was not presented yet.
    Open,
    /// The code was presented, successfully or not.
    Redeemed {
        /// When it was presented.
        at: OffsetDateTime,
    },
}

/// A stored authorization code. Only its hash is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorizationCode {
    /// Hash of the code.
    pub hash: SecretHash,
    /// The application that receives the code.
    pub application: ApplicationId,
    /// The organization that owns the application.
    pub organization: OrganizationId,
    /// The redirect URI that the code was sent to.
    pub redirect_uri: String,
    /// The PKCE challenge that the redemption must satisfy.
    pub code_challenge: CodeChallenge,
    /// The `nonce` of the request, repeated in the token.
    pub nonce: Option<OpaqueState>,
    /// The user who has signed in.
    pub user: UserId,
    /// The wallet that signed, on the chain that it named.
    pub account: WalletAccount,
    /// Whether the code can still be redeemed.
    pub state: SsoCodeState,
    /// When the code was issued.
    pub created_at: OffsetDateTime,
    /// When the code expires.
    pub expires_at: OffsetDateTime,
}
