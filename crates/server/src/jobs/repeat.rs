//! Repeated tasks in the background.

use std::{fmt::Display, future::Future, sync::Arc, time::Duration};

use tokio::{
    task::JoinHandle,
    time::{Interval, MissedTickBehavior, interval},
};

/// A task that repeats one job. Dropping it stops the task. An interrupted transaction is rolled back, and a later run
/// does the work.
pub(crate) struct Repeated(JoinHandle<()>);

impl Repeated {
    /// Starts the task on the current runtime. It runs the job once per period. `name` names the job in the log.
    pub(crate) fn start<S, T, E, F>(
        name: &'static str,
        period: Duration,
        service: &Arc<S>,
        work: impl Fn(Arc<S>) -> F + Send + 'static,
    ) -> Self
    where
        S: Send + Sync + ?Sized + 'static,
        T: Send,
        E: Display + Send,
        F: Future<Output = Result<T, E>> + Send,
    {
        let service = Arc::clone(service);
        Self(tokio::spawn(async move {
            let (mut ticks, mut failures) = (every(period), FailureLog::of(name));
            loop {
                ticks.tick().await;
                failures.report(&work(Arc::clone(&service)).await);
            }
        }))
    }
}

impl Drop for Repeated {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Returns ticks that are not caught up after a long run.
pub(crate) fn every(period: Duration) -> Interval {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// Logs the first of several consecutive failures, and the first success after them.
pub(crate) struct FailureLog {
    job: &'static str,
    failing: bool,
}

impl FailureLog {
    pub(crate) const fn of(job: &'static str) -> Self {
        Self { job, failing: false }
    }

    /// Records the result of a run.
    pub(crate) fn report<T, E: Display>(&mut self, done: &Result<T, E>) {
        match done {
            Err(error) if !self.failing => tracing::warn!(%error, job = self.job, "the job failed and will run again"),
            Ok(_) if self.failing => tracing::info!(job = self.job, "the job succeeded after failures"),
            _ => {}
        }
        self.failing = done.is_err();
    }
}
