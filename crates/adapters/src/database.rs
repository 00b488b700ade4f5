//! SQL storage on the embedded SQLite or on PostgreSQL.

mod engine;
mod retention;
mod tables;

pub use engine::{
    CredentialCacheMetrics, DatabaseSettings, DatabaseUrl, DatabaseUrlError, LookupMetrics, OpenError, SchemaChange,
    SqlStore,
};
pub use retention::{DeletedRows, Retention, RetentionSettings, RowAge, RowLimit, TABLE_RULES, TableRule, TimeLimit};
