//! Passkeys and their ceremonies.

use tessera_kernel::{CeremonyId, Document, DocumentError, PasskeyId, SessionId, UserId, text_value};
use time::{Duration, OffsetDateTime};

text_value! {
    /// The name by which the user recognizes a passkey.
    PasskeyName, single_line, 64;
}

/// The id that the authenticator chose for a credential.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CredentialId(Vec<u8>);

impl CredentialId {
    /// Wraps the bytes of the id.
    #[must_use]
    pub const fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes of the id.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// A passkey of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passkey {
    /// The id in this service.
    pub id: PasskeyId,
    /// The account that it belongs to. It signs in to no other one.
    pub user_id: UserId,
    /// The id by which the authenticator knows it.
    pub credential_id: CredentialId,
    /// The RP id for which it was created. It is valid for no other one.
    pub rp_id: String,
    /// The public key and its properties, in the format of the [`WebAuthn`](crate::ports::WebAuthn) adapter. Not secret.
    pub credential: String,
    /// The largest signature counter that was received. 0 if the authenticator does not count.
    pub counter: u32,
    /// Whether the credential is copied to other devices of the user.
    pub synced: bool,
    /// The name that the user chose, or the device on which it was added.
    pub name: PasskeyName,
    /// When it was added, by the database clock.
    pub created_at: OffsetDateTime,
    /// When it last authenticated the user, by the database clock.
    pub last_used_at: Option<OffsetDateTime>,
}

impl Passkey {
    /// The maximum number of passkeys of a user.
    pub const MOST: u64 = 20;
}

/// What a ceremony may be finished for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CeremonyPurpose {
    /// A sign-in, or a reauthentication, with any passkey.
    SignIn,
    /// A second factor of that user.
    SecondFactor {
        /// The user who has passed the first factor.
        user: UserId,
    },
    /// Adding a passkey, in the session that started the ceremony.
    Add {
        /// The user who adds a passkey.
        user: UserId,
        /// The session that started the ceremony.
        session: SessionId,
    },
}

/// A started ceremony. It can be finished once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ceremony {
    /// The id that the client returns with the credential.
    pub id: CeremonyId,
    /// A credential for another purpose is rejected.
    pub purpose: CeremonyPurpose,
    /// What the [`WebAuthn`](crate::ports::WebAuthn) adapter needs to finish it, such as the challenge.
    pub state: String,
    /// End of validity (exclusive), by the database clock.
    pub expires_at: OffsetDateTime,
}

impl Ceremony {
    /// Lifetime of a ceremony.
    pub const TTL: Duration = Duration::minutes(5);

    /// Returns whether the ceremony can be finished at that time.
    #[must_use]
    pub fn is_open(&self, now: OffsetDateTime) -> bool {
        now < self.expires_at
    }
}

/// The input of `parseCreationOptionsFromJSON` or `parseRequestOptionsFromJSON`. 20 credentials with ids of 1,023 bytes
/// have 28 KiB.
pub type CeremonyOptions = Document<{ 64 * 1024 }>;

/// A started ceremony, for the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartedCeremony {
    /// The id of the ceremony.
    pub id: CeremonyId,
    /// The options for the browser.
    pub options: CeremonyOptions,
    /// When the ceremony expires.
    pub expires_at: OffsetDateTime,
}

/// The JSON of a credential that a browser created or used: the output of its `toJSON()`. At most 16 KiB.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialResponse(Document<{ 16 * 1024 }>);

impl CredentialResponse {
    /// The compact JSON.
    #[must_use]
    pub fn as_json(&self) -> &str {
        self.0.as_json()
    }
}

impl TryFrom<String> for CredentialResponse {
    type Error = DocumentError;

    fn try_from(json: String) -> Result<Self, DocumentError> {
        json.try_into().map(Self)
    }
}

/// A credential and the ceremony for which the browser returned it.
#[derive(Debug, Clone)]
pub struct PasskeyProof {
    /// The id of the ceremony as received. A malformed id matches no ceremony.
    pub ceremony: String,
    /// The credential.
    pub credential: CredentialResponse,
}
