//! One way through the sign-in, bound to the browser that began it.

use std::{fmt, str::FromStr};

use tessera_kernel::{ApplicationId, Entropy, Network, OrganizationId, SecretHash};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{
    super::WalletAccount,
    CodeChallenge,
    secret::{hex, is_hex},
};

/// Names a session: 128 random bits, written as 32 hexadecimal digits. It stands in the address of the sign-in page, so it
/// opens nothing without the secret that the browser holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SsoSessionId(Uuid);

/// The text names no session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 32 hexadecimal digits in lower case")]
pub struct SsoSessionIdError;

impl SsoSessionId {
    /// Draws a new one.
    #[must_use]
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let mut bytes = [0; 16];
        entropy.fill(&mut bytes);
        Self(Uuid::from_bytes(bytes))
    }

    /// Takes one up from storage.
    #[must_use]
    pub const fn from_uuid(id: Uuid) -> Self {
        Self(id)
    }

    /// The same bits, for storage.
    #[must_use]
    pub const fn as_uuid(&self) -> Uuid {
        self.0
    }
}

impl fmt::Display for SsoSessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(self.0.as_bytes()))
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

/// An application, as somebody to sign in to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelyingParty {
    /// The application.
    pub application: ApplicationId,
    /// Who owns it, and reads of its sign-ins in the audit trail.
    pub organization: OrganizationId,
    /// What it is called.
    pub name: String,
    /// Where its sign-ins may return to, to the letter. None of these has a parameter that the answer has too.
    pub redirect_uris: Vec<String>,
}

impl RelyingParty {
    /// Whether a sign-in may return there: only to what is registered, to the letter.
    #[must_use]
    pub fn takes(&self, redirect_uri: &str) -> bool {
        self.redirect_uris.iter().any(|known| known == redirect_uri)
    }
}

/// What an application says and gets back unchanged: 1 to 1024 printable characters of ASCII.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Echo(String);

/// The text can't be given back unchanged everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 1024 printable ASCII characters")]
pub struct EchoError;

impl Echo {
    /// The longest, in characters, which are bytes here.
    pub const MAX_LENGTH: usize = 1024;

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Echo {
    type Err = EchoError;

    fn from_str(text: &str) -> Result<Self, EchoError> {
        // RFC 6749, appendix A.5: what `state` may hold.
        let good = (1..=Self::MAX_LENGTH).contains(&text.len()) && text.bytes().all(|b| matches!(b, b' '..=b'~'));
        if good { Ok(Self(text.to_owned())) } else { Err(EchoError) }
    }
}

/// What an application asked for when it sent a browser here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SsoRequest {
    /// The application.
    pub application: ApplicationId,
    /// Where to return to.
    pub redirect_uri: String,
    /// Comes back beside the code.
    pub state: Echo,
    /// Comes back inside the token.
    pub nonce: Option<Echo>,
    /// What the redemption of the code must prove.
    pub code_challenge: CodeChallenge,
}

/// A message that a wallet was asked to sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SsoChallenge {
    /// The message, byte for byte.
    pub message: String,
    /// The wallet that is to sign it, on the chain that it names.
    pub account: WalletAccount,
    /// Until when a signature is taken.
    pub expires_at: OffsetDateTime,
}

/// How far a session has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SsoStep {
    /// Nothing is being signed.
    Begun,
    /// A wallet was asked.
    Challenged(SsoChallenge),
    /// What a wallet has signed is being looked at. Whoever looks may end before they are done: another wallet can be asked.
    Taken {
        /// The message that it signed.
        message: String,
    },
    /// Somebody has signed in by it; it serves no more.
    Done {
        /// When.
        at: OffsetDateTime,
    },
}

/// A session of the sign-in page. It is no session of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SsoSession {
    /// The session's id.
    pub id: SsoSessionId,
    /// What the application asked for.
    pub request: SsoRequest,
    /// The secret of the browser that began it.
    pub browser: SecretHash,
    /// How far it has come.
    pub step: SsoStep,
    /// When it began.
    pub created_at: OffsetDateTime,
    /// When it ends, done or not.
    pub expires_at: OffsetDateTime,
    /// The network of the browser that began it. `None` where the transport knows no address.
    pub network: Option<Network>,
}
