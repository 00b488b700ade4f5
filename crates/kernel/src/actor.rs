//! Who acts, and from where.

use std::{net::IpAddr, str::FromStr};

use time::{Duration, OffsetDateTime};

use crate::{ApiKeyId, ApplicationId, Clock, Entropy, Network, OrganizationId, PermissionSet, SessionId, UserId, id};

/// The identifier of one request: a client's own when it is well-formed, else made by the edge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(String);

/// The text can't serve as a request id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 128 letters, digits, or one of . _ - : /")]
pub struct RequestIdError;

impl RequestId {
    /// The longest request id that is taken from a client, in characters.
    pub const MAX_LENGTH: usize = 128;

    /// Makes a new one: a UUIDv7, ordered by the time of its making.
    #[must_use]
    pub fn generate(clock: &dyn Clock, entropy: &dyn Entropy) -> Self {
        Self(id::generate(clock, entropy).to_string())
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RequestId {
    type Err = RequestIdError;

    fn from_str(text: &str) -> Result<Self, RequestIdError> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"._-:/".contains(&b);
        if text.is_empty() || text.len() > Self::MAX_LENGTH || !text.bytes().all(allowed) {
            return Err(RequestIdError);
        }
        Ok(Self(text.to_owned()))
    }
}

/// Where a request came from. The audit trail keeps it beside the deed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The request that this belongs to.
    pub request_id: RequestId,
    /// The address of the peer, where the transport knows one.
    pub address: Option<IpAddr>,
}

impl Origin {
    /// The network of the client, by which limits are counted. `None` where the transport knows no address.
    #[must_use]
    pub fn network(&self) -> Option<Network> {
        self.address.map(Network::of)
    }
}

/// The party that a verified credential stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// A user with a live session.
    User {
        /// The user.
        id: UserId,
        /// The session behind the token.
        session: SessionId,
        /// When they signed in.
        signed_in_at: OffsetDateTime,
    },
    /// An application, by one of its keys.
    Application {
        /// The key that was presented.
        key: ApiKeyId,
        /// The application it belongs to, and the only one it acts in.
        application: ApplicationId,
        /// The organization that owns the application.
        organization: OrganizationId,
        /// What the stored key permits now.
        permissions: PermissionSet,
    },
}

/// For how long a sign-in proves that it is still them, where something is to change hands.
const FRESH: Duration = Duration::minutes(5);

/// Whether a sign-in of that time is still such a proof.
#[must_use]
pub fn is_fresh(signed_in_at: OffsetDateTime, now: OffsetDateTime) -> bool {
    now < signed_in_at + FRESH
}

/// A principal in the course of one request. It comes from a verified credential only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// Who acts.
    pub principal: Principal,
    /// From where.
    pub origin: Origin,
}

impl Actor {
    /// The user, unless an application acts.
    #[must_use]
    pub const fn user(&self) -> Option<UserId> {
        match self.principal {
            Principal::User { id, .. } => Some(id),
            Principal::Application { .. } => None,
        }
    }

    /// Whether it is a user who has signed in a moment ago.
    #[must_use]
    pub fn is_fresh(&self, now: OffsetDateTime) -> bool {
        match self.principal {
            Principal::User { signed_in_at, .. } => is_fresh(signed_in_at, now),
            Principal::Application { .. } => false,
        }
    }
}
