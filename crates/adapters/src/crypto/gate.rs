//! A bound on expensive work: so much at once, a short queue with a deadline, and a clear no beyond it.

use std::{io, sync::Arc, time::Duration};

use tessera_identity::ports::HashError;
use tokio::{
    runtime::{Builder, Runtime},
    sync::{Semaphore, oneshot},
    time::timeout,
};
use tokio_util::task::AbortOnDropHandle;

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

/// Lets a bounded number of jobs run off the async workers.
#[derive(Debug, Clone)]
pub struct Gate {
    threads: Arc<Threads>,
    entered: Arc<Semaphore>,
    deadline: Duration,
}

/// As many threads as there are places. Each takes the next job from the queue itself: no busy async worker has to wake
/// up in between.
#[derive(Debug)]
struct Threads(Option<Runtime>);

impl Drop for Threads {
    fn drop(&mut self) {
        // Waiting for the jobs is not allowed where a gate may be dropped, in async code.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl Gate {
    /// A gate with these bounds; there is always at least one place.
    ///
    /// # Errors
    /// When the system gives no more threads.
    pub fn new(settings: GateSettings) -> io::Result<Self> {
        let places = settings.places.max(1);
        let threads = Builder::new_current_thread().max_blocking_threads(places).thread_name("gate").build()?;
        Ok(Self {
            threads: Arc::new(Threads(Some(threads))),
            entered: Arc::new(Semaphore::new(places + settings.queue)),
            deadline: settings.deadline,
        })
    }

    /// Runs a job when a place is free.
    ///
    /// # Errors
    /// [`HashError::Busy`] when the queue is full or the deadline passed.
    pub async fn run<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> Result<T, HashError> {
        let busy = || HashError::Busy { retry_after: self.deadline.max(Duration::from_secs(1)) };
        let entered = Arc::clone(&self.entered).try_acquire_owned().map_err(|_| busy())?;
        let threads = self.threads.0.as_ref().ok_or_else(|| HashError::Failed("the gate is closed".to_owned()))?;
        let (start, started) = oneshot::channel();
        let queued = threads.spawn_blocking(move || {
            // The job takes its place along: a caller that hangs up does not make room while the job still runs.
            let _held = entered;
            let _heard = start.send(());
            job()
        });
        // Whoever gives up takes a job that has not started out of the queue.
        let queued = AbortOnDropHandle::new(queued);
        let _sent = timeout(self.deadline, started).await.map_err(|_| busy())?;
        queued.await.map_err(|error| HashError::Failed(error.to_string()))
    }
}
