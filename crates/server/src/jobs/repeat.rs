//! Repeated tasks in the background.

use std::{fmt::Display, future::Future, sync::Arc, time::Duration};

use tokio::{
    task::JoinHandle,
    time::{Interval, MissedTickBehavior, interval},
};

use crate::metrics::JobRuns;

/// A task that repeats one job. Dropping it stops the task. An interrupted transaction is rolled back, and a later run
/// does the work.
pub(crate) struct Repeated {
    task: JoinHandle<()>,
    runs: Arc<JobRuns>,
}

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
        let mut failures = FailureLog::of(name);
        let runs = failures.runs();
        let task = tokio::spawn(async move {
            let mut ticks = every(period);
            loop {
                ticks.tick().await;
                failures.report(&work(Arc::clone(&service)).await);
            }
        });
        Self { task, runs }
    }

    pub(crate) fn runs(&self) -> Arc<JobRuns> {
        Arc::clone(&self.runs)
    }
}

impl Drop for Repeated {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Returns ticks that are not caught up after a long run.
pub(crate) fn every(period: Duration) -> Interval {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// Counts the runs of a job. Logs the first of several consecutive failures, and the first success after them.
pub(crate) struct FailureLog {
    job: &'static str,
    failing: bool,
    runs: Arc<JobRuns>,
}

impl FailureLog {
    pub(crate) fn of(job: &'static str) -> Self {
        Self { job, failing: false, runs: JobRuns::of(job) }
    }

    pub(crate) fn runs(&self) -> Arc<JobRuns> {
        Arc::clone(&self.runs)
    }

    /// Records the result of a run.
    pub(crate) fn report<T, E: Display>(&mut self, done: &Result<T, E>) {
        match done {
            Err(error) if !self.failing => tracing::warn!(%error, job = self.job, "the job failed and will run again"),
            Ok(_) if self.failing => tracing::info!(job = self.job, "the job succeeded after failures"),
            _ => {}
        }
        self.runs.count(done.is_ok());
        self.failing = done.is_err();
    }
}
