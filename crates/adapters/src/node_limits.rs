//! In-memory rate limits of one node.

use std::{
    collections::{HashMap, VecDeque},
    hash::{BuildHasher as _, RandomState},
    mem,
    sync::{Arc, Mutex, PoisonError},
};

use tessera_kernel::{Clock, Counted, NodeLimits, RateLimit, RateLimited};
use time::OffsetDateTime;

/// Maximum number of concurrent windows. One window takes about 190 bytes.
const MOST: usize = 100_000;

/// Counts events in windows that start with their first event.
///
/// The number of windows is limited. Beyond the limit, the oldest window is dropped, and its key starts a new window.
/// To reset a limit in this way, a caller needs more networks than the maximum number of windows. Every call takes the
/// same short time, whatever the number of keys is.
pub struct MemoryLimits {
    clock: Arc<dyn Clock>,
    most: usize,
    windows: Mutex<Windows>,
    hasher: RandomState,
}

/// Hash of the name of a limit and of the key that it counts for. Its secret is of this process, so that a client cannot choose
/// keys that share a window.
type Key = u64;

#[derive(Default)]
struct Windows {
    open: HashMap<Key, Window>,
    /// All windows in the order in which they were opened, including those whose key has opened another window since.
    opened: VecDeque<(Key, Window)>,
}

#[derive(Clone, Copy)]
struct Window {
    opened_at: OffsetDateTime,
    ends_at: OffsetDateTime,
    events: u32,
    /// Whether an event of the window was rejected.
    rejected: bool,
}

impl Window {
    fn count(&mut self, limit: RateLimit, now: OffsetDateTime) -> Result<Counted, RateLimited> {
        let resets_in = self.ends_at - now;
        if self.events >= limit.quota {
            let first = !mem::replace(&mut self.rejected, true);
            return Err(RateLimited { limit, retry_after: resets_in, first });
        }
        self.events += 1;
        Ok(Counted { limit, left: limit.quota - self.events, resets_in, ends_at: self.ends_at })
    }
}

impl MemoryLimits {
    /// Creates limits that use this clock.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self::with_at_most(MOST, clock)
    }

    /// Creates limits with another maximum number of windows.
    #[must_use]
    pub fn with_at_most(most: usize, clock: Arc<dyn Clock>) -> Self {
        Self { clock, most, windows: Mutex::default(), hasher: RandomState::new() }
    }

    /// Returns the number of current windows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.windows.lock().unwrap_or_else(PoisonError::into_inner).open.len()
    }

    /// Returns whether there is no current window.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl NodeLimits for MemoryLimits {
    fn admit(&self, limit: RateLimit, key: &str) -> Result<Counted, RateLimited> {
        let (now, key) = (self.clock.now(), self.hasher.hash_one((limit.name, key)));
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        windows.forget(|window, _| window.ends_at <= now);
        if let Some(window) = windows.open.get_mut(&key)
            // The system clock may have been set back: a window that starts in the future does not count.
            && (window.opened_at..window.ends_at).contains(&now)
        {
            return window.count(limit, now);
        }
        let mut window = Window { opened_at: now, ends_at: now + limit.window, events: 0, rejected: false };
        let counted = window.count(limit, now);
        windows.open(key, window);
        windows.forget(|_, number| number > self.most);
        counted
    }
}

impl Windows {
    fn open(&mut self, key: Key, window: Window) {
        self.opened.push_back((key, window));
        self.open.insert(key, window);
    }

    /// Drops windows, the oldest first, while `while_` is true for the oldest window and the number of windows.
    fn forget(&mut self, while_: impl Fn(&Window, usize) -> bool) {
        while let Some((_, oldest)) = self.opened.front()
            && while_(oldest, self.opened.len())
        {
            let Some((key, oldest)) = self.opened.pop_front() else { return };
            if self.open.get(&key).is_some_and(|window| window.opened_at == oldest.opened_at) {
                self.open.remove(&key);
            }
        }
    }
}
