//! PostgreSQL error codes (appendix A of its manual). The messages depend on `lc_messages` and are never read.

use super::transient::TransientError;

/// An error code: five letters or digits, of which the first two are the class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SqlState(pub(crate) [u8; 5]);

impl SqlState {
    /// The table does not exist. Before the first migration, the table of migrations does not exist.
    pub(crate) const UNDEFINED_TABLE: Self = Self(*b"42P01");
    /// The role lacks a privilege.
    pub(crate) const INSUFFICIENT_PRIVILEGE: Self = Self(*b"42501");
    /// A lock was not released in time.
    pub(crate) const LOCK_NOT_AVAILABLE: Self = Self(*b"55P03");

    /// Returns whether the server does not have a function, or the role must not use it.
    pub(crate) const fn is_missing_function(self) -> bool {
        matches!(&self.0, b"42501" | b"42883" | b"0A000")
    }

    /// Returns whether another session has created the same table at the same time.
    pub(crate) const fn is_created_twice(self) -> bool {
        matches!(&self.0, b"23505" | b"42P07")
    }

    /// Returns whether the code is in the class of warnings.
    pub(crate) const fn is_warning(self) -> bool {
        matches!(self.0, [b'0', b'1', ..])
    }

    /// Returns the kind of a temporary error, or `None` for any other error.
    pub(super) const fn transient(self) -> Option<TransientError> {
        match &self.0 {
            b"53100" => Some(TransientError::Full),
            // A timeout of a statement or a lock, or a transaction that conflicts with another one.
            b"57014" | b"55P03" | [b'4', b'0', ..] => Some(TransientError::Busy),
            // A standby server, an open transaction that the server has ended, or a connection that was ended or
            // rejected.
            b"25006" | b"25P03" | b"25P04" | [b'0', b'8', ..] | [b'5', b'7', ..] => Some(TransientError::Lost),
            // Exhausted memory, connections or files of the server, or an error of its operating system.
            [b'5', b'3' | b'8', ..] => Some(TransientError::Unavailable),
            _ => None,
        }
    }
}

impl std::fmt::Display for SqlState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.0))
    }
}
