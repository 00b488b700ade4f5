//! In-memory rate limits of one node.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};

use tessera_kernel::{Clock, NodeLimits, RateLimit, RateLimited};
use time::OffsetDateTime;

/// Maximum number of concurrent windows. One window takes about 200 bytes.
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
}

/// Name of a limit, and the key that it counts for.
type Key = (&'static str, String);

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
        Self { clock, most, windows: Mutex::default() }
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
    fn admit(&self, limit: RateLimit, key: &str) -> Result<(), RateLimited> {
        let now = self.clock.now();
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        windows.forget(|window, _| window.ends_at <= now);
        let key = (limit.name, key.to_owned());
        if let Some(window) = windows.open.get_mut(&key)
            // The system clock may have been set back: a window that starts in the future does not count.
            && (window.opened_at..window.ends_at).contains(&now)
        {
            if window.events >= limit.quota {
                return Err(RateLimited { limit, retry_after: window.ends_at - now });
            }
            window.events += 1;
            return Ok(());
        }
        windows.open(key, Window { opened_at: now, ends_at: now + limit.window, events: 1 });
        windows.forget(|_, number| number > self.most);
        Ok(())
    }
}

impl Windows {
    fn open(&mut self, key: Key, window: Window) {
        self.opened.push_back((key.clone(), window));
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
