//! A bound on expensive work: so much at once, a short queue with a deadline, and a clear no beyond it.

use std::{sync::Arc, time::Duration};

use tessera_identity::ports::HashError;
use tokio::{sync::Semaphore, task::spawn_blocking, time::timeout};

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
    places: Arc<Semaphore>,
    entered: Arc<Semaphore>,
    deadline: Duration,
}

impl Gate {
    /// A gate with these bounds; there is always at least one place.
    #[must_use]
    pub fn new(settings: GateSettings) -> Self {
        let places = settings.places.max(1);
        Self {
            places: Arc::new(Semaphore::new(places)),
            entered: Arc::new(Semaphore::new(places + settings.queue)),
            deadline: settings.deadline,
        }
    }

    /// Runs a job when a place is free.
    ///
    /// # Errors
    /// [`HashError::Busy`] when the queue is full or the deadline passed.
    pub async fn run<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> Result<T, HashError> {
        let busy = || HashError::Busy { retry_after: self.deadline.max(Duration::from_secs(1)) };
        let entered = Arc::clone(&self.entered).try_acquire_owned().map_err(|_| busy())?;
        let place = timeout(self.deadline, Arc::clone(&self.places).acquire_owned()).await.map_err(|_| busy())?;
        let place = place.map_err(|_| HashError::Failed("the gate is closed".to_owned()))?;
        let done = spawn_blocking(move || {
            // The job takes its place along: a caller that hangs up does not make room while the job still runs.
            let _held = (entered, place);
            job()
        });
        done.await.map_err(|error| HashError::Failed(error.to_string()))
    }
}
