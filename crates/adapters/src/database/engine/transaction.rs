//! A transaction of either database. The modules of the tables implement the ports of the domains for it.

use super::connection::PooledConnection;

/// An open transaction. If it is dropped without a commit, it rolls back and returns its connection.
pub(in crate::database) struct Tx {
    pub(in crate::database) lease: PooledConnection,
}
