//! One sign-in, from its beginning to its end.

use tessera_kernel::{SessionId, UserId};
use time::{Duration, OffsetDateTime};

/// Whether a session still carries its tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionState {
    /// Nobody has ended it; it holds until it expires.
    Open,
    /// It was ended before its time.
    Ended {
        /// When.
        at: OffsetDateTime,
    },
}

/// A session. Every user token names one and is worth nothing without it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The session's id, the `sid` of its tokens.
    pub id: SessionId,
    /// Whose it is.
    pub user_id: UserId,
    /// Open or ended.
    pub state: SessionState,
    /// When the user signed in, by the clock of the database.
    pub created_at: OffsetDateTime,
    /// When it was last used, by the same clock: the sign-in, or a request with one of its tokens. Accurate to one minute.
    pub last_used_at: OffsetDateTime,
    /// When it ends by itself, by the same clock.
    pub expires_at: OffsetDateTime,
}

impl Session {
    /// How long a session is stored after it ended or expired.
    pub const RETENTION: Duration = Duration::days(30);

    /// Whether tokens of this session are good at that time.
    #[must_use]
    pub fn is_live(&self, now: OffsetDateTime) -> bool {
        self.state == SessionState::Open && now < self.expires_at
    }
}

/// A session as it was read, with the time of the read. Nodes with wrong clocks judge it alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownSession {
    /// The session, open or not.
    pub session: Session,
    /// When it was read, by the clock of the database.
    pub at: OffsetDateTime,
}

impl KnownSession {
    /// Whether tokens of the session were good when it was read.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.session.is_live(self.at)
    }
}
