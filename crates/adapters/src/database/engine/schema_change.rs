//! Whether a process may change the schema.

/// What [`SqlStore::open`](super::SqlStore::open) does with a schema that lacks migrations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SchemaChange {
    /// Applies the migrations. A missing SQLite file is created.
    #[default]
    Migrate,
    /// Changes nothing. The database is unavailable until another process has applied the migrations.
    Require,
}
