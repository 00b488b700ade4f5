//! The text form of times.

use time::{OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339};

/// Formats a time in UTC by RFC 3339.
#[must_use]
pub fn rfc3339(time: OffsetDateTime) -> String {
    time.to_offset(UtcOffset::UTC).format(&Rfc3339).unwrap_or_default()
}
