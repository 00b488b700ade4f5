//! The codes of PostgreSQL (appendix A of its manual). Its messages depend on `lc_messages` and are never read.

use super::plight::Plight;

/// Five letters or digits, of which the first two are the class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SqlState(pub(crate) [u8; 5]);

impl SqlState {
    /// The table of applied migrations does not exist yet.
    pub(crate) const UNDEFINED_TABLE: Self = Self(*b"42P01");
    /// The role lacks a privilege.
    pub(crate) const INSUFFICIENT_PRIVILEGE: Self = Self(*b"42501");

    /// Whether it is of the class of warnings.
    pub(crate) const fn is_warning(self) -> bool {
        matches!(self.0, [b'0', b'1', ..])
    }

    /// What kind of trouble passes by itself. `None`: none that does.
    pub(super) const fn plight(self) -> Option<Plight> {
        match &self.0 {
            b"53100" => Some(Plight::Full),
            // A statement or a lock that took too long; a transaction that lost against another.
            b"57014" | b"55P03" | [b'4', b'0', ..] => Some(Plight::Busy),
            // A standby; an open transaction that the server has ended; connections that end or are refused.
            b"25006" | b"25P03" | b"25P04" | [b'0', b'8', ..] | [b'5', b'7', ..] => Some(Plight::Lost),
            // Memory, connections, files: what the server has run out of, or what its machine refuses.
            [b'5', b'3' | b'8', ..] => Some(Plight::Unavailable),
            _ => None,
        }
    }
}

impl std::fmt::Display for SqlState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.0))
    }
}
