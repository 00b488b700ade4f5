//! SQL storage on the embedded SQLite or on PostgreSQL.

mod engine;
mod inspection;
mod tables;

pub use engine::{
    CredentialCacheMetrics, DatabaseSettings, DatabaseUrl, DatabaseUrlError, LookupMetrics, OpenError, SchemaChange,
    SqlStore,
};
pub use inspection::{ConnectionUse, Durability, InspectedSchema, Inspection, Outbox, RowProblem, SealedReport};
