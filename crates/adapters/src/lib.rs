//! Adapters for the ports: SQL storage, cryptography, mail and chain access.

mod authorities;
mod chain;
mod crypto;
mod database;
mod mail;
mod node_limits;

pub use authorities::{Authorities, AuthoritiesError};
pub use chain::{ContractSignatures, JsonRpcReader, JsonRpcReaderError};
pub use crypto::{
    Argon2Hasher, Argon2Settings, Argon2SettingsError, BreachedPasswords, BreachedPasswordsError, Gate, GateSettings,
    JwtSecret, JwtSigner, KeyBits, KeyBitsError, KeySignatures, MasterKey, MasterKeyError, RefreshSecrets,
    RelyingParty, RelyingPartyError, Rs256Signer, SealError, SealedResponses, SealedTotp, WebAuthnVerifier,
    ZxcvbnStrength, thumbprint,
};
pub use database::{ConnectionUse, Durability, InspectedSchema, Inspection, Outbox, RowProblem, SealedReport};
pub use database::{
    CredentialCacheMetrics, DatabaseSettings, DatabaseUrl, DatabaseUrlError, LookupMetrics, OpenError, SchemaChange,
    SqlStore,
};
pub use mail::{AskamaMails, FileMailer, SealedOutbox, Sender, SenderError, SmtpMailer, SmtpServer, SmtpUrlError};
pub use node_limits::MemoryLimits;
