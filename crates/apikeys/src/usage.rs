//! Key usage, collected in memory so that the verification of a key writes nothing.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use tessera_kernel::ApiKeyId;
use time::{Duration, OffsetDateTime};

/// The minimum time between two writes of the last use of a key.
const INTERVAL: Duration = Duration::MINUTE;

#[derive(Debug, Default)]
struct Usage {
    /// The latest use that is not written yet.
    pending: Option<OffsetDateTime>,
    /// When the last write happened.
    written: Option<OffsetDateTime>,
}

/// The latest use of each key that was used recently.
#[derive(Debug, Default)]
pub(crate) struct UsageBuffer(Mutex<HashMap<ApiKeyId, Usage>>);

impl UsageBuffer {
    /// Records a use.
    pub(crate) fn note(&self, key: ApiKeyId, at: OffsetDateTime) {
        let mut uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let usage = uses.entry(key).or_default();
        usage.pending = usage.pending.max(Some(at));
    }

    /// Removes and returns the uses that are due for writing, or all uses if `all` is set, as it is at shutdown.
    /// Forgets keys that were not used since their last write.
    pub(crate) fn take_due(&self, now: OffsetDateTime, all: bool) -> Vec<(ApiKeyId, OffsetDateTime)> {
        let mut uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut due = Vec::new();
        uses.retain(|key, usage| {
            let resting = usage.written.is_none_or(|written| now - written >= INTERVAL);
            if let Some(at) = usage.pending.filter(|_| resting || all) {
                due.push((*key, at));
                *usage = Usage { pending: None, written: Some(now) };
                return true;
            }
            usage.pending.is_some() || !resting
        });
        // The order is the same on every node, so that concurrent batches cannot deadlock in storage.
        due.sort_unstable();
        due
    }

    /// Returns uses that could not be written to the buffer, so that the next batch includes them.
    pub(crate) fn put_back(&self, uses: Vec<(ApiKeyId, OffsetDateTime)>) {
        let mut buffer = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, at) in uses {
            let usage = buffer.entry(key).or_default();
            usage.pending = usage.pending.max(Some(at));
            usage.written = None;
        }
    }
}
