//! Concurrency limit for expensive work, with a bounded queue and a deadline.

mod queue;

use std::{
    fmt, io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use tessera_identity::ports::{HashError, Requester};
use tessera_kernel::Counter;
use tokio::{sync::oneshot, time::timeout};

use super::hash_metrics::{HashMetrics, Waiting};
use queue::{Job, Queue, Reply, Ticket};

/// Limits of a [`Gate`].
#[derive(Debug, Clone, Copy)]
pub struct GateSettings {
    /// Number of jobs that run concurrently.
    pub places: usize,
    /// Maximum number of waiting jobs.
    pub queue: usize,
    /// Maximum time that a job waits for its start.
    pub deadline: Duration,
}

/// Runs a bounded number of concurrent jobs on its own threads, outside the async workers. Waiting jobs are scheduled
/// round-robin by the network of the requester. Known requesters have their own queue, with half of the waiting places.
#[derive(Clone)]
pub struct Gate {
    threads: Arc<Threads>,
    deadline: Duration,
    metrics: Option<Arc<HashMetrics>>,
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").field("deadline", &self.deadline).finish_non_exhaustive()
    }
}

/// One thread per place. Each thread takes the next job from the queue itself, so that no busy async worker has to wake
/// up in between.
struct Threads(Arc<Shared>);

impl Drop for Threads {
    fn drop(&mut self) {
        // The threads are not joined: a gate may be dropped in async code, which must not block.
        let mut state = self.0.state();
        state.closed = true;
        state.queue.clear();
        self.0.changed.notify_all();
    }
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    /// Maximum number of running and waiting jobs together.
    most: usize,
}

#[derive(Default)]
struct State {
    queue: Queue,
    running: usize,
    closed: bool,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self, requester: Requester, job: Job) -> Option<Ticket> {
        let mut state = self.state();
        let most = self.most.saturating_sub(state.running);
        let ticket = if state.closed { None } else { state.queue.push(requester, job, most) };
        self.changed.notify_one();
        ticket
    }

    /// Runs jobs until the gate is dropped.
    fn work(&self) {
        let mut state = self.state();
        while !state.closed {
            let Some(job) = state.queue.pop() else {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            state.running += 1;
            drop(state);
            // A job that panics drops its reply channel, so its requester gets an error. Its place becomes free again.
            let done = catch_unwind(AssertUnwindSafe(job));
            self.state().running -= 1;
            // The reply comes last, so that a requester that has its result finds the place free.
            if let Ok(reply) = done {
                reply();
            }
            state = self.state();
        }
    }
}

/// Removes a job that has not started from the queue if its requester stops waiting.
struct Place<'a> {
    shared: &'a Shared,
    ticket: Ticket,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.shared.state().queue.remove(self.ticket);
    }
}

/// Lets other threads run before this one, which gets about a tenth of a processor that is busy: requests that take
/// microseconds must not wait for jobs that take tens of milliseconds. On Linux, a priority belongs to a thread; elsewhere, it
/// would be that of the process.
fn lower_priority() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(10) {
        tracing::debug!(%error, "can't lower the priority of a thread");
    }
}

impl Gate {
    /// Creates a gate with at least one place.
    ///
    /// # Errors
    /// Fails if the system cannot start another thread.
    pub fn new(settings: GateSettings) -> io::Result<Self> {
        let places = settings.places.max(1);
        let most = places + settings.queue;
        let shared = Arc::new(Shared { state: Mutex::default(), changed: Condvar::new(), most });
        // If a later thread fails to start, the drop of this value ends the threads that already run.
        let threads = Arc::new(Threads(Arc::clone(&shared)));
        for _ in 0..places {
            let shared = Arc::clone(&shared);
            thread::Builder::new().name("gate".to_owned()).spawn(move || {
                lower_priority();
                shared.work();
            })?;
        }
        Ok(Self { threads, deadline: settings.deadline, metrics: None })
    }

    /// Counts what waits and what is rejected.
    #[must_use]
    pub fn counted_by(self, metrics: Option<Arc<HashMetrics>>) -> Self {
        Self { metrics, ..self }
    }

    pub(super) fn metrics(&self) -> Option<Arc<HashMetrics>> {
        self.metrics.clone()
    }

    /// Waits for a place and runs the job.
    ///
    /// # Errors
    /// [`HashError::Busy`] if the queue is full, if a requester from another network needs the place, or if the
    /// deadline passes. [`HashError::Failed`] if the job panics.
    pub async fn run<T: Send + 'static>(
        &self,
        requester: Requester,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, HashError> {
        let metrics = self.metrics.as_deref();
        let busy = |reason: fn(&HashMetrics) -> &Counter| {
            if let Some(metrics) = metrics {
                reason(metrics).increment();
            }
            HashError::Busy { retry_after: self.deadline.max(Duration::from_secs(1)) }
        };
        let full = || busy(|metrics| &metrics.full);
        let ((start, started), (reply, replied)) = (oneshot::channel(), oneshot::channel());
        let job = Box::new(move || -> Reply {
            if start.send(()).is_err() {
                return Box::new(|| ());
            }
            let done = job();
            Box::new(move || drop(reply.send(done)))
        });
        let shared = &*self.threads.0;
        let place = Place { shared, ticket: shared.enter(requester, job).ok_or_else(full)? };
        let waiting = Waiting::begin(metrics);
        // A job that was evicted from the queue never starts, and its channel closes.
        let begun = timeout(self.deadline, started).await.map_err(|_| busy(|metrics| &metrics.timeouts))?;
        begun.map_err(|_| full())?;
        drop(waiting);
        let replied = replied.await.map_err(|_| HashError::Failed("the work behind the gate panicked".to_owned()));
        drop(place);
        replied
    }
}
