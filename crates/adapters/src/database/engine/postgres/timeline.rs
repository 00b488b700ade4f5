//! Timelines. A standby that is promoted begins a new timeline, whose number is greater than that of the old primary.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use diesel::{ConnectionError, ConnectionResult};
use tokio_postgres::{Client, SimpleQueryMessage};

/// The newest timeline that this process has seen on a server of an address. A primary that was replaced may come back and
/// accept writes; it lacks what was acknowledged since.
#[derive(Clone, Default)]
pub(super) struct Newest(Arc<AtomicU32>);

impl Newest {
    /// Notes the timeline of a server.
    ///
    /// # Errors
    /// Fails if another server was promoted since.
    pub(super) fn admit(&self, timeline: Option<u32>) -> ConnectionResult<()> {
        let Some(timeline) = timeline else { return Ok(()) };
        let newest = self.0.fetch_max(timeline, Ordering::SeqCst);
        if timeline >= newest {
            return Ok(());
        }
        Err(ConnectionError::BadConnection(format!(
            "the database server was replaced: its timeline is {timeline}, and another one has {newest}"
        )))
    }
}

/// Reads the timeline of a server. Returns `None` for a server that has none, such as a database that is only compatible
/// with PostgreSQL.
pub(super) async fn read(client: &Client) -> Option<u32> {
    // The name of a file of the write-ahead log begins with the timeline, in hexadecimal digits.
    let answers = client.simple_query("SELECT left(pg_walfile_name(pg_current_wal_lsn()), 8)").await.ok()?;
    answers.iter().find_map(|answer| match answer {
        SimpleQueryMessage::Row(row) => u32::from_str_radix(row.get(0)?, 16).ok(),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::Newest;

    #[test]
    fn a_server_that_was_replaced_is_not_used() {
        let newest = Newest::default();
        for (timeline, is_used) in [(Some(1), true), (Some(3), true), (Some(2), false), (None, true), (Some(3), true)] {
            assert_eq!(newest.admit(timeline).is_ok(), is_used, "{timeline:?}");
        }
    }
}
