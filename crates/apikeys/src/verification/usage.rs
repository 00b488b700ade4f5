//! Key usage, collected in memory so that the verification of a key writes nothing.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

use tessera_kernel::{ApiKeyId, SecretHash};
use time::{Duration, OffsetDateTime};

use crate::model::{KeyUse, SecretUse};

/// The minimum time between two writes of the last use of a key.
const INTERVAL: Duration = Duration::MINUTE;

/// Where a key is used from.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct UseOrigin<'a> {
    pub(crate) address: Option<IpAddr>,
    pub(crate) user_agent: Option<&'a str>,
}

#[derive(Debug, Default)]
struct Usage {
    /// The latest use that is not written yet.
    pending: Option<KeyUse>,
    /// When the last write happened.
    written: Option<OffsetDateTime>,
}

impl Usage {
    fn keep_latest(&mut self, at: OffsetDateTime, from: UseOrigin<'_>) {
        match &mut self.pending {
            Some(pending) if pending.at >= at => {}
            Some(pending) => {
                (pending.at, pending.address) = (at, from.address);
                // Most uses come from the same client, so the text is rarely copied.
                if pending.user_agent.as_deref() != from.user_agent.map(shortened) {
                    pending.user_agent = from.user_agent.map(|agent| shortened(agent).to_owned());
                }
            }
            pending @ None => {
                let user_agent = from.user_agent.map(|agent| shortened(agent).to_owned());
                *pending = Some(KeyUse { at, address: from.address, user_agent });
            }
        }
    }
}

/// The beginning of the text that fits [`KeyUse::MAX_USER_AGENT`].
fn shortened(agent: &str) -> &str {
    agent.get(..agent.floor_char_boundary(KeyUse::MAX_USER_AGENT)).unwrap_or(agent)
}

/// The latest use of each secret that was used recently.
#[derive(Debug, Default)]
pub(crate) struct UsageBuffer(Mutex<HashMap<(ApiKeyId, SecretHash), Usage>>);

impl UsageBuffer {
    /// Records a use.
    pub(crate) fn note(&self, key: ApiKeyId, secret: SecretHash, at: OffsetDateTime, from: UseOrigin<'_>) {
        let mut uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        uses.entry((key, secret)).or_default().keep_latest(at, from);
    }

    /// Removes and returns the uses that are due for writing, or all uses if `all` is set, as it is at shutdown.
    /// Forgets secrets that were not used since their last write.
    pub(crate) fn take_due(&self, now: OffsetDateTime, all: bool) -> Vec<SecretUse> {
        let mut uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut due = Vec::new();
        uses.retain(|&(key, secret), usage| {
            let resting = usage.written.is_none_or(|written| now - written >= INTERVAL);
            if let Some(used) = usage.pending.take_if(|_| resting || all) {
                due.push(SecretUse { key, secret, used });
                usage.written = Some(now);
                return true;
            }
            usage.pending.is_some() || !resting
        });
        // The order is the same on every node, so that concurrent batches cannot deadlock in storage.
        due.sort_unstable_by_key(|due| (due.key, *due.secret.as_bytes()));
        due
    }

    /// Returns uses that could not be written to the buffer, so that the next batch includes them.
    pub(crate) fn put_back(&self, uses: Vec<SecretUse>) {
        let mut buffer = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for SecretUse { key, secret, used } in uses {
            let usage = buffer.entry((key, secret)).or_default();
            usage.keep_latest(used.at, UseOrigin { address: used.address, user_agent: used.user_agent.as_deref() });
            usage.written = None;
        }
    }
}
