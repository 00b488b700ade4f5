//! What a server and a role support beyond tables. Where something is missing, the store uses rows of tables instead.

/// What the connections of a pool can use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::database) struct Features {
    /// `pg_advisory_xact_lock`.
    pub(in crate::database::engine) advisory_locks: bool,
    /// `LOCK TABLE`.
    pub(in crate::database::engine) table_locks: bool,
    /// `pg_notify`.
    pub(in crate::database::engine) notifications: bool,
}

impl Features {
    /// Those of PostgreSQL, for an owner.
    pub(super) const ALL: Self = Self { advisory_locks: true, table_locks: true, notifications: true };
}
