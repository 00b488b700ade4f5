//! SQL storage on the embedded SQLite or on PostgreSQL.

mod after_restore;
mod engine;
mod inspection;
mod moving;
mod retention;
mod tables;

pub use after_restore::{AfterRestore, AuditLogError, RecordedAction, read_audit_log, read_moved_database};
pub use engine::{
    AUDIT_FIELD, AUDIT_TARGET, AuditMetrics, Backup, BackupError, BackupManifest, CredentialCacheMetrics,
    DatabaseMetrics, DatabaseSettings, DatabaseUrl, DatabaseUrlError, ErrorMetrics, LookupMetrics, OpenError,
    PoolConnections, RestoredCopy, SchemaChange, SqlStore, WrittenBackup, remove_abandoned,
};
pub use inspection::{
    ConnectionUse, Durability, InspectedSchema, Inspection, Outbox, Pooling, RowProblem, SealedReport,
};
pub use moving::{
    Comparison, Difference, MoveError, MoveSettings, MovedDatabase, MovedTable, Moving, reopen_moved_database,
};
pub use retention::{DeletedRows, Retention, RetentionSettings, RowAge, RowLimit, TABLE_RULES, TableRule, TimeLimit};
pub(crate) use tables::StoredSecret;
pub use tables::{ResealPass, SealedColumn, SealedValue};
