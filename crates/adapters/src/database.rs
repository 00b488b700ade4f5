//! SQL storage on the embedded SQLite or on PostgreSQL.

mod engine;
mod tables;

pub use engine::{DatabaseSettings, DatabaseUrl, DatabaseUrlError, OpenError, SqlStore};
