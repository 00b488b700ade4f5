//! Times in messages to wallets.

use time::{OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339};

/// A time as messages say it.
pub(crate) fn rfc3339(time: OffsetDateTime) -> String {
    time.to_offset(UtcOffset::UTC).format(&Rfc3339).unwrap_or_default()
}
