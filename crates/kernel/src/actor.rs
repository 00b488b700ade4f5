//! Who acts, and from where.

use std::{net::IpAddr, str::FromStr};

use time::{Duration, OffsetDateTime};

use crate::{ApiKeyId, ApplicationId, Clock, Entropy, Network, OrganizationId, PermissionSet, SessionId, UserId, id};

/// The identifier that the service gives to a request or to work of its own. It never comes from a client, so an audit
/// entry that has it belongs to exactly that request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(String);

/// The identifier that a client gave to its request (`X-Request-Id`). Any client can send any value, also one that another
/// request has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientRequestId(String);

/// The text can't serve as a request id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 128 letters, digits, or one of . _ - : /")]
pub struct RequestIdError;

/// The longest request id, in characters.
const MAX_LENGTH: usize = 128;

/// Whether the text can be a request id: `marks` are accepted beside letters and digits.
fn is_request_id(text: &str, marks: &[u8]) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || marks.contains(&b);
    !text.is_empty() && text.len() <= MAX_LENGTH && text.bytes().all(allowed)
}

impl RequestId {
    /// Makes a new one: a UUIDv7, ordered by the time of its making.
    #[must_use]
    pub fn generate(clock: &dyn Clock, entropy: &dyn Entropy) -> Self {
        Self(id::generate(clock, entropy).to_string())
    }

    /// The id of work that no request caused, such as a job: `internal=` and its name. `=` is in no [`ClientRequestId`].
    #[must_use]
    pub fn internal(name: &'static str) -> Self {
        Self(format!("internal={name}"))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Reads an id back from storage. Earlier versions stored ids of clients there, hence the same characters, and `=`.
impl FromStr for RequestId {
    type Err = RequestIdError;

    fn from_str(text: &str) -> Result<Self, RequestIdError> {
        if is_request_id(text, b"._-:/=") { Ok(Self(text.to_owned())) } else { Err(RequestIdError) }
    }
}

impl ClientRequestId {
    /// The longest id that is accepted, in characters.
    pub const MAX_LENGTH: usize = MAX_LENGTH;

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ClientRequestId {
    type Err = RequestIdError;

    fn from_str(text: &str) -> Result<Self, RequestIdError> {
        if is_request_id(text, b"._-:/") { Ok(Self(text.to_owned())) } else { Err(RequestIdError) }
    }
}

/// Where a request came from. The audit trail keeps it beside the deed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The request or job that this belongs to.
    pub request_id: RequestId,
    /// What the client calls its request, if it sent a well-formed id.
    pub client_request_id: Option<ClientRequestId>,
    /// The address of the peer, where the transport knows one.
    pub address: Option<IpAddr>,
}

impl Origin {
    /// Work of the service itself, without a request.
    #[must_use]
    pub fn internal(name: &'static str) -> Self {
        Self { request_id: RequestId::internal(name), client_request_id: None, address: None }
    }

    /// The request id that the client sees: its own if it sent one, else the service's.
    #[must_use]
    pub fn shown_request_id(&self) -> &str {
        self.client_request_id.as_ref().map_or(self.request_id.as_str(), ClientRequestId::as_str)
    }

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
        /// When they signed in, by the clock of the database.
        signed_in_at: OffsetDateTime,
        /// When their session was read for this request, by the clock of the database.
        checked_at: OffsetDateTime,
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

/// Whether a sign-in of that time is still such a proof. Both times have to come from one clock, that of the database.
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

    /// Whether it is a user who had signed in a moment before this request. Both times come from the clock of the
    /// database, so the clock of the node does not matter.
    #[must_use]
    pub fn is_fresh(&self) -> bool {
        match self.principal {
            Principal::User { signed_in_at, checked_at, .. } => is_fresh(signed_in_at, checked_at),
            Principal::Application { .. } => false,
        }
    }
}
