//! SQL storage on the embedded SQLite or on PostgreSQL.

mod engine;
mod tables;

pub use engine::{
    AUDIT_FIELD, AUDIT_TARGET, AuditMetrics, CredentialCacheMetrics, DatabaseMetrics, DatabaseSettings, DatabaseUrl,
    DatabaseUrlError, ErrorMetrics, LookupMetrics, OpenError, PoolConnections, PrunedMetrics, SchemaChange, SqlStore,
};
