//! What has changed since a cached entry was read, and whether this node knows it.

#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    sync::{
        PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tessera_kernel::Clock;
use tessera_system::SystemClock;
use time::OffsetDateTime;
use uuid::Uuid;

/// How long an entry is used after it was read. It bounds what a change has an effect on that no node records, such as one
/// that an operator makes with SQL.
const LIFETIME: Duration = Duration::from_mins(1);

/// How old the last confirmation may be. A node that has not heard from the database for this long reads storage, so no
/// node accepts a credential for longer than this after it was revoked.
const TRUST: Duration = Duration::from_secs(1);

/// Maximum number of remembered changes. Beyond it, all entries are dropped instead.
const MAX_CHANGES: usize = 200_000;

/// Both clocks of the node.
pub(super) fn clocks() -> (Instant, OffsetDateTime) {
    (Instant::now(), SystemClock.now())
}

/// The state of the node when it read an entry.
#[derive(Debug, Clone, Copy)]
pub(in crate::database) struct Position {
    pub(super) generation: u64,
    pub(super) epoch: u64,
    pub(super) at: Instant,
}

/// A change, and the ids on which cached entries may depend.
#[derive(Debug, Clone)]
pub(in crate::database) struct Change {
    pub(in crate::database) epoch: u64,
    pub(in crate::database) subjects: Vec<Uuid>,
}

/// The changes of the last minutes by subject.
#[derive(Debug)]
struct Recent {
    since: Instant,
    current: HashMap<Uuid, u64>,
    /// Changes before `since`. Together, both cover at least [`LIFETIME`].
    previous: HashMap<Uuid, u64>,
}

impl Recent {
    /// Notes a change, unless a later one of the subject is known.
    fn note(&mut self, subject: Uuid, epoch: u64) {
        let known = self.current.entry(subject).or_insert(epoch);
        *known = (*known).max(epoch);
    }
}

/// The changes that this node knows.
#[derive(Debug)]
pub(in crate::database) struct Changes {
    start: (Instant, OffsetDateTime),
    /// All changes up to this one are known. Entries that are read later contain them.
    applied: AtomicU64,
    /// The newest known change. It is greater than `applied` after a commit of this node whose predecessors are not known
    /// yet.
    newest: AtomicU64,
    /// Entries of another generation are not used.
    generation: AtomicU64,
    /// When the latest confirmation was requested, in nanoseconds after `start`. The monotonic clock may stop while the
    /// machine is suspended, and the other one may be set, so both must agree.
    confirmed: (AtomicU64, AtomicU64),
    /// Whether there has been a confirmation.
    connected: AtomicBool,
    recent: RwLock<Recent>,
}

impl Changes {
    pub(super) fn new() -> Self {
        let start = clocks();
        Self {
            start,
            applied: AtomicU64::new(0),
            newest: AtomicU64::new(0),
            generation: AtomicU64::new(0),
            confirmed: (AtomicU64::new(0), AtomicU64::new(0)),
            connected: AtomicBool::new(false),
            recent: RwLock::new(Recent { since: start.0, current: HashMap::new(), previous: HashMap::new() }),
        }
    }

    /// Whether the database has ever answered.
    pub(super) fn is_connected(&self) -> bool {
        self.connected.load(Ordering::SeqCst)
    }

    /// The last change of which all earlier ones are known too.
    pub(super) fn applied(&self) -> u64 {
        self.applied.load(Ordering::SeqCst)
    }

    /// Returns the state of the node before a read.
    pub(super) fn position(&self, at: Instant) -> Position {
        // In this order: a flush changes the generation last, so an entry of the new generation has the new epoch.
        let generation = self.generation.load(Ordering::SeqCst);
        Position { generation, epoch: self.applied(), at }
    }

    /// Whether the node has heard from the database recently enough to use what it has cached.
    pub(super) fn is_trusted(&self, now: (Instant, OffsetDateTime)) -> bool {
        let (now, wall) = self.since_start(now);
        let is_recent = |now: u64, confirmed: &AtomicU64| {
            now.checked_sub(confirmed.load(Ordering::SeqCst)).is_some_and(|age| u128::from(age) < TRUST.as_nanos())
        };
        self.connected.load(Ordering::SeqCst) && is_recent(now, &self.confirmed.0) && is_recent(wall, &self.confirmed.1)
    }

    /// Nanoseconds after the start by both clocks.
    fn since_start(&self, (now, wall): (Instant, OffsetDateTime)) -> (u64, u64) {
        let nanoseconds = |elapsed: Duration| u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX);
        let wall = Duration::try_from(wall - self.start.1).unwrap_or_default();
        (nanoseconds(now.saturating_duration_since(self.start.0)), nanoseconds(wall))
    }

    /// Whether an entry that was read at that position is still true at `now`.
    pub(super) fn still_holds(&self, read: Position, subjects: &[Uuid], now: Instant) -> bool {
        if read.generation != self.generation.load(Ordering::SeqCst)
            || now.saturating_duration_since(read.at) >= LIFETIME
        {
            return false;
        }
        if read.epoch >= self.newest.load(Ordering::SeqCst) {
            return true;
        }
        let recent = self.recent.read().unwrap_or_else(PoisonError::into_inner);
        let is_later = |known: &HashMap<Uuid, u64>, id| known.get(id).is_some_and(|epoch| *epoch > read.epoch);
        !subjects.iter().any(|id| is_later(&recent.current, id) || is_later(&recent.previous, id))
    }

    /// Makes what was read about a subject unusable on this node, before a statement changes it. So it also holds if the
    /// change turns out to have happened before, or the result of the commit is unknown.
    pub(super) fn distrust(&self, subject: Uuid) {
        let mut recent = self.recent.write().unwrap_or_else(PoisonError::into_inner);
        let next = self.newest.load(Ordering::SeqCst).max(self.applied()) + 1;
        recent.note(subject, next);
        self.newest.fetch_max(next, Ordering::SeqCst);
    }

    /// Records a change that this node has committed, before it is acknowledged.
    pub(super) fn record_own(&self, change: &Change) {
        self.remember(std::slice::from_ref(change));
    }

    /// Records what the database has returned for a poll that was sent at `asked`: its newest epoch, and all changes
    /// after [`Self::applied`] in ascending order. `reconnected` means that the poll was the first on its connection.
    pub(super) fn confirm(&self, newest: u64, changes: &[Change], asked: (Instant, OffsetDateTime), reconnected: bool) {
        let applied = self.applied();
        // After a pause or on another connection, the server may be another one that has lost commits, so the same numbers
        // may mean other changes.
        let are_complete = !reconnected
            && self.is_trusted(asked)
            && newest >= applied
            && changes.len() as u64 == newest - applied
            && changes.iter().zip(applied + 1..).all(|(change, epoch)| change.epoch == epoch);
        if are_complete {
            self.remember(changes);
            self.applied.store(newest, Ordering::SeqCst);
        } else {
            // Changes are missing, or may be: this is the first confirmation or one after a pause, or the database was
            // restored to an earlier state.
            self.flush(newest);
        }
        let (asked, wall) = self.since_start(asked);
        self.confirmed.0.fetch_max(asked, Ordering::SeqCst);
        // Not the greater one: the clock may have been set back.
        self.confirmed.1.store(wall, Ordering::SeqCst);
        self.connected.store(true, Ordering::SeqCst);
    }

    fn remember(&self, changes: &[Change]) {
        let mut recent = self.recent.write().unwrap_or_else(PoisonError::into_inner);
        if recent.since.elapsed() >= LIFETIME {
            recent.previous = std::mem::take(&mut recent.current);
            recent.since = Instant::now();
        }
        for Change { epoch, subjects } in changes {
            for subject in subjects {
                recent.note(*subject, *epoch);
            }
            self.newest.fetch_max(*epoch, Ordering::SeqCst);
        }
        if recent.current.len() + recent.previous.len() > MAX_CHANGES {
            drop(recent);
            self.flush(self.applied());
        }
    }

    /// Makes all entries invalid.
    fn flush(&self, epoch: u64) {
        let mut recent = self.recent.write().unwrap_or_else(PoisonError::into_inner);
        recent.current.clear();
        recent.previous.clear();
        self.applied.store(epoch, Ordering::SeqCst);
        self.newest.store(epoch, Ordering::SeqCst);
        self.generation.fetch_add(1, Ordering::SeqCst);
    }
}
