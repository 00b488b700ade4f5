//! Rate limits of one node, in memory.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};

use tessera_kernel::{Clock, NodeLimits, RateLimit, RateLimited};
use time::OffsetDateTime;

/// How many windows are counted at the same time. One takes about 200 bytes.
const MOST: usize = 100_000;

/// Counts in windows that start with their first event.
///
/// The number of windows is bounded: beyond it, the oldest window is forgotten, and its key starts anew. A caller who wants
/// that needs more networks than the bound has windows. Every call takes the same short time, however many keys there are.
pub struct MemoryLimits {
    clock: Arc<dyn Clock>,
    most: usize,
    windows: Mutex<Windows>,
}

/// The name of a limit, and for whom it counts.
type Key = (&'static str, String);

#[derive(Default)]
struct Windows {
    open: HashMap<Key, Window>,
    /// Every window that was opened, in this order, also if its key has opened another one since.
    opened: VecDeque<(Key, Window)>,
}

#[derive(Clone, Copy)]
struct Window {
    opened_at: OffsetDateTime,
    ends_at: OffsetDateTime,
    events: u32,
}

impl MemoryLimits {
    /// Limits in the time of this clock.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self::with_at_most(MOST, clock)
    }

    /// The same with another bound on the number of windows.
    #[must_use]
    pub fn with_at_most(most: usize, clock: Arc<dyn Clock>) -> Self {
        Self { clock, most, windows: Mutex::default() }
    }

    /// How many windows are counted now.
    #[must_use]
    pub fn len(&self) -> usize {
        self.windows.lock().unwrap_or_else(PoisonError::into_inner).open.len()
    }

    /// Whether no window is counted now.
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
            // The machine's clock may have been set back: a window of the future counts for nobody.
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

    /// Forgets windows, the oldest first, as long as `while_` holds of the oldest and of the number of windows.
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
