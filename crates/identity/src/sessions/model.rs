//! Sessions of users.

mod refresh_chain;
mod refresh_token;
mod session_request;
mod sign_in_methods;

use std::net::IpAddr;

pub use refresh_chain::{RefreshChain, RefreshSecretId, RefreshUse, RefreshUses};
pub use refresh_token::{RefreshFamily, RefreshToken, RefreshTokenError};
pub use session_request::{DeviceLabel, DeviceName, SessionRequest};
pub use sign_in_methods::{SignInMethod, SignInMethods};
use tessera_kernel::{CredentialStatus, SessionId, UserId, Validity};
use time::{Duration, OffsetDateTime};

/// State of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionState {
    /// The session was not ended. It is valid until it expires.
    Open,
    /// The session was ended before it expired.
    Ended {
        /// When the session was ended.
        at: OffsetDateTime,
    },
}

/// A session. Every access token belongs to a session and is not valid without it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The session id, which is the `sid` of its tokens.
    pub id: SessionId,
    /// The user of the session.
    pub user_id: UserId,
    /// Open or ended.
    pub state: SessionState,
    /// When the user signed in, by the database clock.
    pub created_at: OffsetDateTime,
    /// When the session was last used, by the database clock: the sign-in, or a request with one of its tokens.
    /// Accurate to one minute.
    pub last_used_at: OffsetDateTime,
    /// When the session expires, by the database clock. A refresh extends it.
    pub expires_at: OffsetDateTime,
    /// When the user last proved who they are, by the database clock: the sign-in, or a later reauthentication.
    pub authenticated_at: OffsetDateTime,
    /// What has authenticated the session.
    pub methods: SignInMethods,
    /// The name that the client gave its device.
    pub name: Option<DeviceName>,
    /// The device of the sign-in.
    pub device: DeviceLabel,
    /// The client address of the sign-in or of the last refresh.
    pub address: Option<IpAddr>,
    /// The refresh tokens, if the client asked for them.
    pub refresh: Option<RefreshChain>,
}

impl Session {
    /// How long a session is stored after it ended or expired.
    pub const RETENTION: Duration = Duration::days(30);

    /// The name of the session for its user: that of the client, else the device.
    #[must_use]
    pub fn shown_name(&self) -> &str {
        self.name.as_ref().map_or(self.device.as_str(), DeviceName::as_str)
    }

    /// Returns whether tokens of this session are valid at that time.
    #[must_use]
    pub fn is_live(&self, now: OffsetDateTime) -> bool {
        let has_ended = self.state != SessionState::Open;
        let validity = Validity { has_ended, expires_at: Some(self.expires_at), is_enabled: true };
        validity.at(now) == CredentialStatus::Live
    }
}

/// A session with the time of the read. All nodes come to the same result, even if their clocks are wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownSession {
    /// The session, in any state.
    pub session: Session,
    /// When the session was read, by the database clock.
    pub at: OffsetDateTime,
}

impl KnownSession {
    /// Returns whether tokens of the session were valid when it was read.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.session.is_live(self.at)
    }
}
