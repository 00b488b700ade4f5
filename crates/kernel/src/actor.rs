//! Actors and the metadata of their requests.

use std::{net::IpAddr, str::FromStr};

use time::{Duration, OffsetDateTime};

use crate::{
    ApiKeyId, ApplicationId, KeyScope, Network, OrganizationId, PermissionSet, Role, ServiceAccountId, SessionId,
    SystemPorts, UserId, id,
};

/// The identifier that the service assigns to a request or to an internal job. It never comes from a client, so an
/// audit entry with this id belongs to exactly this request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(String);

/// The identifier that a client assigns to its request (`X-Request-Id`). A client can send any value, including one
/// that another request uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientRequestId(String);

/// The text is not a valid request id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 128 letters, digits, or one of . _ - : /")]
pub struct RequestIdError;

/// The longest request id, in characters.
const MAX_LENGTH: usize = 128;

/// Returns whether the text is a valid request id. `marks` are the accepted characters besides letters and digits.
fn is_request_id(text: &str, marks: &[u8]) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || marks.contains(&b);
    !text.is_empty() && text.len() <= MAX_LENGTH && text.bytes().all(allowed)
}

impl RequestId {
    /// Generates a UUIDv7. Its order is the order of creation.
    #[must_use]
    pub fn generate(system: &SystemPorts) -> Self {
        Self(id::generate(system).to_string())
    }

    /// The id of work that no request caused, such as a job: `internal=` and its name. A [`ClientRequestId`] cannot
    /// contain `=`.
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

/// Parses an id from storage. Earlier versions stored client ids there, so the same characters are accepted, and `=`.
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

/// Request metadata: where a request came from. The audit trail stores it with each entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestMetadata {
    /// The id of the request or job.
    pub request_id: RequestId,
    /// The id that the client assigned to its request, if it sent a well-formed one.
    pub client_request_id: Option<ClientRequestId>,
    /// The client address: the address of the peer, or the one that trusted proxies report. `None` if the transport
    /// knows no address.
    pub address: Option<IpAddr>,
}

impl RequestMetadata {
    /// The metadata of internal work, which has no request.
    #[must_use]
    pub fn internal(name: &'static str) -> Self {
        Self { request_id: RequestId::internal(name), client_request_id: None, address: None }
    }

    /// The request id that the client sees: its own id if it sent one, otherwise the id of the service.
    #[must_use]
    pub fn shown_request_id(&self) -> &str {
        self.client_request_id.as_ref().map_or(self.request_id.as_str(), ClientRequestId::as_str)
    }

    /// The network of the client. Rate limits count by it. `None` if the transport knows no address.
    #[must_use]
    pub fn network(&self) -> Option<Network> {
        self.address.map(Network::of)
    }
}

/// The party that a verified credential identifies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// A user with a live session.
    User {
        /// The id of the user.
        id: UserId,
        /// The session of the access token.
        session: SessionId,
        /// When the session was opened or last reauthenticated, by the clock of the database.
        authenticated_at: OffsetDateTime,
        /// When this request read the session, by the clock of the database.
        checked_at: OffsetDateTime,
        /// Whether two factors have authenticated the session.
        mfa: bool,
    },
    /// An application, authenticated by one of its API keys.
    Application {
        /// The API key of the request.
        key: ApiKeyId,
        /// The application that owns the key. The key has access to this application only.
        application: ApplicationId,
        /// The organization that owns the application.
        organization: OrganizationId,
        /// The permissions of the stored key at the time of the request.
        permissions: PermissionSet,
    },
    /// A user or a service account, authenticated by an organization key.
    OrganizationKey {
        /// The API key of the request.
        key: ApiKeyId,
        /// The organization of the key. The key has access to this organization only.
        organization: OrganizationId,
        /// Whether the key may change anything.
        scope: KeyScope,
        /// The user or the service account that the key acts as.
        acts_as: ActsAs,
    },
}

/// The user or the service account that an organization key acts as, with the rights at the time of the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActsAs {
    /// The user of a personal key.
    Member {
        /// The user.
        user: UserId,
        /// The role of the user in the organization of the key.
        role: Role,
    },
    /// A service account.
    ServiceAccount {
        /// The service account.
        account: ServiceAccountId,
        /// Its permissions.
        permissions: PermissionSet,
    },
}

/// For how long a sign-in or a reauthentication counts as recent. Sensitive actions require it.
pub const FRESH: Duration = Duration::minutes(5);

/// Returns whether an authentication at that time still counts as recent. Both times must come from the clock of
/// the database.
#[must_use]
pub fn is_recent(authenticated_at: OffsetDateTime, now: OffsetDateTime) -> bool {
    now < authenticated_at + FRESH
}

/// A principal in the context of one request. It is created from a verified credential only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The principal that performs the action.
    pub principal: Principal,
    /// The metadata of the request.
    pub origin: RequestMetadata,
}

impl Actor {
    /// The id of the user who is signed in. `None` if the actor uses a key, even a personal one: a key has no access to
    /// the account of its user.
    #[must_use]
    pub const fn user(&self) -> Option<UserId> {
        match self.principal {
            Principal::User { id, .. } => Some(id),
            Principal::Application { .. } | Principal::OrganizationKey { .. } => None,
        }
    }

    /// Returns whether the actor is a user whose session only one factor has authenticated.
    #[must_use]
    pub const fn lacks_mfa(&self) -> bool {
        matches!(self.principal, Principal::User { mfa: false, .. })
    }

    /// Returns whether the actor is a user with recent authentication. Both times come from the clock of the database,
    /// so the clock of the node does not matter.
    #[must_use]
    pub fn is_recent(&self) -> bool {
        match self.principal {
            Principal::User { authenticated_at, checked_at, .. } => is_recent(authenticated_at, checked_at),
            Principal::Application { .. } | Principal::OrganizationKey { .. } => false,
        }
    }
}
