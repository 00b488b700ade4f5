//! A bound on expensive work: so much at once, a short queue with a deadline, and a clear no beyond it.

mod queue;

use std::{
    fmt, io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use tessera_identity::ports::{HashError, Requester};
use tokio::{sync::oneshot, time::timeout};

use queue::{Job, Queue, Reply, Ticket};

/// How much may run and how much may wait.
#[derive(Debug, Clone, Copy)]
pub struct GateSettings {
    /// How many run at once.
    pub places: usize,
    /// How many wait at most.
    pub queue: usize,
    /// How long one waits at most.
    pub deadline: Duration,
}

/// Lets a bounded number of jobs run off the async workers. Those that wait are taken in turns by the networks that they come
/// from; requesters that are known have turns, and half of the places to wait, of their own.
#[derive(Clone)]
pub struct Gate {
    threads: Arc<Threads>,
    deadline: Duration,
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").field("deadline", &self.deadline).finish_non_exhaustive()
    }
}

/// As many threads as there are places. Each takes the next job from the queue itself: no busy async worker has to wake
/// up in between.
struct Threads(Arc<Shared>);

impl Drop for Threads {
    fn drop(&mut self) {
        // Waiting for the jobs is not allowed where a gate may be dropped, in async code.
        let mut state = self.0.state();
        state.closed = true;
        state.queue.clear();
        self.0.changed.notify_all();
    }
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    /// How many jobs may run and wait together.
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

    /// What a thread does until the gate is dropped.
    fn work(&self) {
        let mut state = self.state();
        while !state.closed {
            let Some(job) = state.queue.pop() else {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            state.running += 1;
            drop(state);
            // A job that panics drops its reply, which its requester is told; the place is free again.
            let done = catch_unwind(AssertUnwindSafe(job));
            self.state().running -= 1;
            // Only now: a requester that has its result finds the place free.
            if let Ok(reply) = done {
                reply();
            }
            state = self.state();
        }
    }
}

/// Takes a job that has not started out of the queue, if whoever waits for it gives up.
struct Place<'a> {
    shared: &'a Shared,
    ticket: Ticket,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.shared.state().queue.remove(self.ticket);
    }
}

impl Gate {
    /// A gate with these bounds; there is always at least one place.
    ///
    /// # Errors
    /// When the system gives no more threads.
    pub fn new(settings: GateSettings) -> io::Result<Self> {
        let places = settings.places.max(1);
        let most = places + settings.queue;
        let shared = Arc::new(Shared { state: Mutex::default(), changed: Condvar::new(), most });
        // Dropped on an error, it ends the threads that there are.
        let threads = Arc::new(Threads(Arc::clone(&shared)));
        for _ in 0..places {
            let shared = Arc::clone(&shared);
            thread::Builder::new().name("gate".to_owned()).spawn(move || shared.work())?;
        }
        Ok(Self { threads, deadline: settings.deadline })
    }

    /// Runs a job when it is its turn.
    ///
    /// # Errors
    /// [`HashError::Busy`] when the queue is full, when a requester from another network needs the place, or when the
    /// deadline passed.
    pub async fn run<T: Send + 'static>(
        &self,
        requester: Requester,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, HashError> {
        let busy = || HashError::Busy { retry_after: self.deadline.max(Duration::from_secs(1)) };
        let ((start, started), (reply, replied)) = (oneshot::channel(), oneshot::channel());
        let job = Box::new(move || -> Reply {
            if start.send(()).is_err() {
                return Box::new(|| ());
            }
            let done = job();
            Box::new(move || drop(reply.send(done)))
        });
        let shared = &*self.threads.0;
        let place = Place { shared, ticket: shared.enter(requester, job).ok_or_else(busy)? };
        // A job that was pushed out of the queue never starts.
        timeout(self.deadline, started).await.map_err(|_| busy())?.map_err(|_| busy())?;
        let replied = replied.await.map_err(|_| HashError::Failed("the work behind the gate panicked".to_owned()));
        drop(place);
        replied
    }
}
