//! Sessions of the sign-in page. Each is bound to the browser that started it.

use std::{fmt, str::FromStr};

use data_encoding::HEXLOWER;
use tessera_kernel::{ApplicationId, Entropy, Network, SecretHash, WalletAccount};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::{
    codes::model::{CodeChallenge, is_hex},
    relying_parties::model::OpaqueState,
};

/// Id of a session: 128 random bits as 32 hexadecimal digits. The id is in the URL of the sign-in page, so it grants no
/// access without the secret of the browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SsoSessionId(Uuid);

/// The text is not a session id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 32 hexadecimal digits in lower case")]
pub struct SsoSessionIdError;

impl SsoSessionId {
    /// Creates a random id.
    #[must_use]
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let mut bytes = [0; 16];
        entropy.fill(&mut bytes);
        Self(Uuid::from_bytes(bytes))
    }

    /// Wraps an id from storage.
    #[must_use]
    pub const fn from_uuid(id: Uuid) -> Self {
        Self(id)
    }

    /// Returns the id as a UUID, for storage.
    #[must_use]
    pub const fn as_uuid(&self) -> Uuid {
        self.0
    }
}

impl fmt::Display for SsoSessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(self.0.as_bytes()))
    }
}

impl FromStr for SsoSessionId {
    type Err = SsoSessionIdError;

    fn from_str(text: &str) -> Result<Self, SsoSessionIdError> {
        if text.len() != 32 || !text.bytes().all(is_hex) {
            return Err(SsoSessionIdError);
        }
        Uuid::try_parse(text).map(Self).map_err(|_| SsoSessionIdError)
    }
}

/// How long sessions and codes are kept after they have expired, so that the page of an expired session knows its
/// application, and the audit trail can report a code that is presented again.
pub const ENDED_SIGN_IN_KEPT: Duration = Duration::hours(1);

/// The authorization request of an application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SsoRequest {
    /// Id of the application.
    pub application: ApplicationId,
    /// Where the browser returns to.
    pub redirect_uri: String,
    /// Returned together with the code.
    pub state: OpaqueState,
    /// Returned in the token.
    pub nonce: Option<OpaqueState>,
    /// The PKCE challenge that the redemption of the code must satisfy.
    pub code_challenge: CodeChallenge,
}

/// A message that a wallet is asked to sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SsoChallenge {
    /// The exact message.
    pub message: String,
    /// The wallet that must sign, on the chain that the message names.
    pub account: WalletAccount,
    /// When the challenge expires.
    pub expires_at: OffsetDateTime,
}

/// Progress of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthorizationState {
    /// No challenge is open.
    Started,
    /// A wallet has been asked to sign.
    Challenged(SsoChallenge),
    /// A signature is being verified. The verifying request may end before it completes: another wallet can still be
    /// asked.
    Verifying {
        /// The signed message.
        message: String,
    },
    /// A user has signed in with this session. It cannot be used again.
    Completed {
        /// When the user signed in.
        at: OffsetDateTime,
    },
}

/// A session of the sign-in page. It is not a session of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SsoSession {
    /// Id of the session.
    pub id: SsoSessionId,
    /// The authorization request.
    pub request: SsoRequest,
    /// Hash of the secret of the browser that started the session.
    pub browser: SecretHash,
    /// Progress of the session.
    pub step: AuthorizationState,
    /// When the session started.
    pub created_at: OffsetDateTime,
    /// When the session expires, completed or not.
    pub expires_at: OffsetDateTime,
    /// The network of the browser that started the session. `None` if the transport knows no address.
    pub network: Option<Network>,
}
