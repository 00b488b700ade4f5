//! Uses of keys, gathered in memory so that verifying one writes nothing.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use tessera_kernel::ApiKeyId;
use time::{Duration, OffsetDateTime};

/// How often at most a key's last use is written.
const INTERVAL: Duration = Duration::MINUTE;

#[derive(Debug, Default)]
struct Usage {
    /// The latest use that is not written yet.
    pending: Option<OffsetDateTime>,
    /// When the last write was.
    written: Option<OffsetDateTime>,
}

/// The latest use of each key that served lately.
#[derive(Debug, Default)]
pub(crate) struct UsageBuffer(Mutex<HashMap<ApiKeyId, Usage>>);

impl UsageBuffer {
    /// Notes a use.
    pub(crate) fn note(&self, key: ApiKeyId, at: OffsetDateTime) {
        let mut uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let usage = uses.entry(key).or_default();
        usage.pending = usage.pending.max(Some(at));
    }

    /// Takes the uses that are due for writing; all of them when the service is about to stop. Forgets keys at rest.
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
        // In one order on every node, so that two batches that meet in storage do not lock each other out.
        due.sort_unstable();
        due
    }

    /// Puts back what could not be written, so that the next batch tries again.
    pub(crate) fn put_back(&self, uses: Vec<(ApiKeyId, OffsetDateTime)>) {
        let mut buffer = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, at) in uses {
            let usage = buffer.entry(key).or_default();
            usage.pending = usage.pending.max(Some(at));
            usage.written = None;
        }
    }
}
