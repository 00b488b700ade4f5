//! Adapters for the ports: SQL storage, cryptography, mail, chain access, and the clock and entropy of the system.

mod chain;
mod crypto;
mod database;
mod error;
mod mail;
mod node_limits;
mod system;

pub use chain::{ContractSignatures, JsonRpcReader, JsonRpcReaderError};
pub use crypto::{
    Argon2Hasher, Argon2Settings, Argon2SettingsError, Gate, GateSettings, JwtSecret, JwtSigner, KeyBits, KeyBitsError,
    KeySignatures, MasterKey, MasterKeyError, Rs256Signer, SealError, Sha256Digest, ZxcvbnStrength, thumbprint,
};
pub use database::{DatabaseSettings, DatabaseUrl, DatabaseUrlError, OpenError, SqlStore};
pub use mail::{
    AskamaMails, Authorities, AuthoritiesError, FileMailer, SealedOutbox, Sender, SenderError, SmtpMailer, SmtpServer,
    SmtpUrlError,
};
pub use node_limits::MemoryLimits;
pub use system::{SystemClock, SystemEntropy};
