//! Identifier types, one for each kind of object, so that the compiler rejects an id of the wrong kind.

use uuid::{Builder, Uuid};

use crate::SystemPorts;

/// The text is not a valid identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a UUID with hyphens, such as 0198c2f0-4a6b-7cc4-9d1e-2f6a1b3c4d5e")]
pub struct IdError;

/// Accepts both cases (RFC 9562 section 4), and no other variant of the text: each object has one id text apart from its
/// case.
fn parse(text: &str) -> Result<Uuid, IdError> {
    let id = Uuid::try_parse(text).map_err(|_| IdError)?;
    let mut canonical = Uuid::encode_buffer();
    let canonical: &str = id.hyphenated().encode_lower(&mut canonical);
    if canonical.eq_ignore_ascii_case(text) { Ok(id) } else { Err(IdError) }
}

/// Generates a UUIDv7: the milliseconds of the injected clock, then 74 random bits.
pub(crate) fn generate(system: &SystemPorts) -> Uuid {
    let mut random = [0; 10];
    system.entropy.fill(&mut random);
    let millis = system.now().unix_timestamp_nanos() / 1_000_000;
    Builder::from_unix_timestamp_millis(u64::try_from(millis).unwrap_or_default(), &random).into_uuid()
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// Generates a UUIDv7. Its order is the order of creation.
            #[must_use]
            pub fn generate(system: &SystemPorts) -> Self {
                Self(generate(system))
            }

            /// Wraps an identifier that was read from storage.
            #[must_use]
            pub const fn from_uuid(id: Uuid) -> Self {
                Self(id)
            }

            /// The UUID, for storage and paging.
            #[must_use]
            pub const fn as_uuid(&self) -> Uuid {
                self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                parse(text).map(Self)
            }
        }
    )+};
}

ids! {
    /// A user account. It is global to the installation.
    UserId
    /// A session of a user.
    SessionId
    /// An organization: the tenant that owns applications.
    OrganizationId
    /// An application of an organization.
    ApplicationId
    /// An API key of an application or of an organization.
    ApiKeyId
    /// A service account of an organization.
    ServiceAccountId
    /// The user or the service account that created an object. It may have been deleted since.
    CreatorId
    /// An inventory item of an application.
    ItemId
    /// An audit entry.
    EventId
    /// An invitation to an organization.
    InvitationId
    /// A short claim of one request on an invitation. It excludes all other requests.
    InvitationClaimId
    /// A mail in the outbox.
    MailId
    /// A request for a password reset.
    ResetRequestId
    /// A passkey of a user.
    PasskeyId
    /// A ceremony that creates or uses a passkey.
    CeremonyId
}

impl From<UserId> for CreatorId {
    fn from(id: UserId) -> Self {
        Self(id.0)
    }
}
