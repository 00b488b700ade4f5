//! One type for each kind of identifier, so that one can't be passed where another is due.

use uuid::{Builder, Uuid};

use crate::{Clock, Entropy};

/// The text was not an identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a UUID in its canonical form: lower case, with hyphens")]
pub struct IdError;

/// Accepts the one spelling that RFC 9562 says to produce, so that an object has one name.
fn parse(text: &str) -> Result<Uuid, IdError> {
    let id = Uuid::try_parse(text).map_err(|_| IdError)?;
    let mut canonical = Uuid::encode_buffer();
    if id.hyphenated().encode_lower(&mut canonical) == text { Ok(id) } else { Err(IdError) }
}

/// A UUIDv7: milliseconds of the injected clock, then 74 random bits.
pub(crate) fn generate(clock: &dyn Clock, entropy: &dyn Entropy) -> Uuid {
    let mut random = [0; 10];
    entropy.fill(&mut random);
    let millis = clock.now().unix_timestamp_nanos() / 1_000_000;
    Builder::from_unix_timestamp_millis(u64::try_from(millis).unwrap_or_default(), &random).into_uuid()
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// Makes a new one (UUIDv7), ordered by the time of its making.
            #[must_use]
            pub fn generate(clock: &dyn Clock, entropy: &dyn Entropy) -> Self {
                Self(generate(clock, entropy))
            }

            /// Takes up an identifier that this service made earlier, as an adapter reads it from storage.
            #[must_use]
            pub const fn from_uuid(id: Uuid) -> Self {
                Self(id)
            }

            /// The bare UUID, for storage and paging.
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
    /// A person with an account, global to the service.
    UserId
    /// One sign-in of a user.
    SessionId
    /// An organization: the tenant that owns applications.
    OrganizationId
    /// An application of an organization.
    ApplicationId
    /// An API key of an application.
    ApiKeyId
    /// An inventory item of an application.
    ItemId
    /// A row of the audit trail.
    EventId
    /// An invitation into an organization.
    InvitationId
    /// One request that keeps an invitation from all others for a moment.
    InvitationClaimId
    /// A mail in the outbox.
    MailId
    /// Somebody's wish for a new password.
    ResetRequestId
}
