//! What is done over and over, beside the requests.

use std::{fmt::Display, future::Future, sync::Arc, time::Duration};

use tokio::{
    task::JoinHandle,
    time::{Interval, MissedTickBehavior, interval},
};

/// A task that does one thing over and over. Dropped, it ends; what it was in the middle of is rolled back and done by the
/// next who looks.
pub(crate) struct Repeated(JoinHandle<()>);

impl Repeated {
    /// Does it with a service once in each period, on the current runtime. `what` names it in the log.
    pub(crate) fn start<S, T, E, F>(
        what: &'static str,
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
            let (mut ticks, mut trouble) = (every(period), Trouble::with(what));
            loop {
                ticks.tick().await;
                trouble.tell_of(&work(Arc::clone(&service)).await);
            }
        }))
    }
}

impl Drop for Repeated {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Ticks that don't come in a rush after one that took long.
pub(crate) fn every(period: Duration) -> Interval {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// Tells once of a trouble, and once that it is over: not each second for as long as the database is away.
pub(crate) struct Trouble {
    with: &'static str,
    there: bool,
}

impl Trouble {
    /// There is none yet.
    pub(crate) const fn with(what: &'static str) -> Self {
        Self { with: what, there: false }
    }

    /// Looks at how it went this time.
    pub(crate) fn tell_of<T, E: Display>(&mut self, done: &Result<T, E>) {
        match done {
            Err(error) if !self.there => tracing::warn!(%error, work = self.with, "failed; trying again"),
            Ok(_) if self.there => tracing::info!(work = self.with, "works again"),
            _ => {}
        }
        self.there = done.is_err();
    }
}
