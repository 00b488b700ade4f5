//! Adapters for the ports: SQL storage, cryptography, mail and chain access.

mod authorities;
mod chain;
mod crypto;
mod database;
mod mail;
mod node_limits;
mod shared_secrets;

pub use authorities::{Authorities, AuthoritiesError};
pub use chain::{ContractSignatures, JsonRpcReader, JsonRpcReaderError};
pub use crypto::{
    Argon2Hasher, Argon2Settings, Argon2SettingsError, BreachedPasswords, BreachedPasswordsError, Gate, GateSettings,
    HashMetrics, JwtSecret, JwtSigner, KeyBits, KeyBitsError, KeySignatures, MasterKey, MasterKeyError, MasterKeyId,
    RelyingParty, RelyingPartyError, Rs256Signer, SealError, SealedResponses, SealedTotp, WebAuthnVerifier,
    ZxcvbnStrength, thumbprint,
};
pub use database::{
    AUDIT_FIELD, AUDIT_TARGET, AfterRestore, AuditLogError, AuditMetrics, Backup, BackupError, BackupManifest,
    Comparison, ConnectionUse, CredentialCacheMetrics, DatabaseMetrics, DatabaseSettings, DatabaseUrl,
    DatabaseUrlError, DeletedRows, Difference, Durability, ErrorMetrics, InspectedSchema, Inspection, LookupMetrics,
    MoveError, MoveSettings, MovedDatabase, MovedTable, Moving, OpenError, Outbox, PoolConnections, Pooling,
    RecordedAction, ResealPass, RestoredCopy, Retention, RetentionSettings, RowAge, RowLimit, RowProblem, SchemaChange,
    SealedColumn, SealedReport, SealedValue, SqlStore, TABLE_RULES, TableRule, TimeLimit, WrittenBackup,
    read_audit_log, read_moved_database, remove_abandoned, reopen_moved_database,
};
pub use mail::{AskamaMails, FileMailer, SealedOutbox, Sender, SenderError, SmtpMailer, SmtpServer, SmtpUrlError};
pub use node_limits::MemoryLimits;
pub use shared_secrets::{AddedSecret, RotationError, SecretKind, SecretSettings, SharedSecrets, SharedSecretsError};
