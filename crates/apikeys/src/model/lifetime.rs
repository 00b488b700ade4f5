//! Lifetimes of keys.

use time::{Duration, OffsetDateTime};

/// The lifetime of a key: unlimited, or a number of days of 24 hours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum KeyLifetime {
    /// The key never expires.
    #[default]
    Forever,
    /// The key expires that many times 24 hours after its creation.
    Days(u16),
}

/// The number of days is out of range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a whole number of days from 1 to 3650, or 0 for a key that never expires")]
pub struct KeyLifetimeError;

impl KeyLifetime {
    /// The longest limited lifetime, in days.
    pub const MAX_DAYS: u16 = 3650;

    /// Returns the expiry of a key that is created at that time.
    #[must_use]
    pub fn expiry(self, created_at: OffsetDateTime) -> Option<OffsetDateTime> {
        match self {
            Self::Forever => None,
            Self::Days(days) => Some(created_at + Duration::hours(24 * i64::from(days))),
        }
    }
}

impl TryFrom<i64> for KeyLifetime {
    type Error = KeyLifetimeError;

    fn try_from(days: i64) -> Result<Self, KeyLifetimeError> {
        match u16::try_from(days) {
            Ok(0) => Ok(Self::Forever),
            Ok(days) if days <= Self::MAX_DAYS => Ok(Self::Days(days)),
            _ => Err(KeyLifetimeError),
        }
    }
}
