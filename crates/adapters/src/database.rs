//! SQL storage on the embedded SQLite or on PostgreSQL.

mod engine;
mod tables;

pub use engine::{
    CredentialCacheMetrics, DatabaseSettings, DatabaseUrl, DatabaseUrlError, LookupMetrics, OpenError, SchemaChange,
    SqlStore, is_open_elsewhere,
};
pub(crate) use tables::StoredSecret;
pub use tables::{ResealPass, SealedColumn, SealedValue};
