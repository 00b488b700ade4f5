//! The scope of organization keys.

use std::{fmt, str::FromStr};

/// Whether an organization key may change anything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyScope {
    /// The key only reads.
    #[default]
    Read,
    /// The key reads and writes.
    ReadWrite,
}

/// The text is not the name of a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be one of read, read-write")]
pub struct KeyScopeError;

impl KeyScope {
    /// The name of the scope in the API and in storage.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::ReadWrite => "read-write",
        }
    }
}

impl fmt::Display for KeyScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for KeyScope {
    type Err = KeyScopeError;

    fn from_str(text: &str) -> Result<Self, KeyScopeError> {
        [Self::Read, Self::ReadWrite].into_iter().find(|scope| scope.as_str() == text).ok_or(KeyScopeError)
    }
}
