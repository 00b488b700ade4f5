//! Uses of sessions, collected in memory, so that authenticating a request writes nothing.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use tessera_kernel::SessionId;
use time::{Duration, OffsetDateTime};

use crate::model::KnownSession;

/// How old the stored time must be before a use is recorded. With the few seconds until it is written, the stored time is
/// accurate to one minute, and a session costs at most one write in that time.
const INTERVAL: Duration = Duration::seconds(50);

/// The latest use of each session that is not written yet.
#[derive(Debug, Default)]
pub(crate) struct SessionUses(Mutex<HashMap<SessionId, OffsetDateTime>>);

impl SessionUses {
    /// Collects a use if the stored time is too old.
    pub(crate) fn note(&self, known: &KnownSession) {
        if known.at - known.session.last_used_at >= INTERVAL {
            self.put_back([(known.session.id, known.at)]);
        }
    }

    /// Takes all uses, in the order of the ids.
    pub(crate) fn take(&self) -> Vec<(SessionId, OffsetDateTime)> {
        let taken = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let mut uses: Vec<_> = taken.into_iter().collect();
        uses.sort_unstable();
        uses
    }

    /// Puts back uses that could not be written. A later one that was collected meanwhile stays.
    pub(crate) fn put_back(&self, uses: impl IntoIterator<Item = (SessionId, OffsetDateTime)>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (session, at) in uses {
            known.entry(session).and_modify(|latest| *latest = at.max(*latest)).or_insert(at);
        }
    }
}
