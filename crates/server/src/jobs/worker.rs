//! Background tasks that must finish their work at shutdown.

use std::{sync::Arc, time::Duration};

use tessera_api::Services;
use tessera_apikeys::ApiKeys;
use tessera_outbox::Dispatcher;
use tokio::{sync::watch, task::JoinHandle, time::timeout};

use super::{
    dispatcher,
    repeat::{FailureLog, every},
};
use crate::metrics::{JobRuns, MailMetrics};

/// The period of the task that writes uses of keys and sessions. The last use of each is written at most once a minute.
const PERIOD: Duration = Duration::from_secs(5);

/// The period of the task that returns unused shares of the limits of keys. They must be back within 5 seconds.
const RETURN: Duration = Duration::from_secs(1);

/// The timeout of their last return. It is longer than that of other writes, because the uses are lost otherwise.
const RETURN_ALL: Duration = Duration::from_secs(5);

/// The timeout of the last write.
const LAST: Duration = Duration::from_secs(1);

/// The running tasks.
pub(crate) struct Worker {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
    shares: JoinHandle<()>,
    mails: JoinHandle<()>,
    runs: Vec<Arc<JobRuns>>,
}

impl Worker {
    /// Starts the tasks on the current runtime.
    pub(crate) fn start(services: &Services, dispatcher: Dispatcher, metrics: Option<Arc<MailMetrics>>) -> Self {
        let (api_keys, identity) = (Arc::clone(&services.api_keys), Arc::clone(&services.identity));
        let (stop, mut stopping) = watch::channel(false);
        let (mut failures, mut session_failures) =
            (FailureLog::of("recording of key uses"), FailureLog::of("recording of session uses"));
        let (share_failures, mail_failures) =
            (FailureLog::of("return of unused shares of the limits of keys"), FailureLog::of("delivery of mails"));
        let runs = [&failures, &session_failures, &share_failures, &mail_failures].map(FailureLog::runs).into();
        let shares = tokio::spawn(return_shares(Arc::clone(&api_keys), stop.subscribe(), share_failures));
        let mails = tokio::spawn(dispatcher::run(dispatcher, stop.subscribe(), mail_failures, metrics));
        let task = tokio::spawn(async move {
            let mut ticks = every(PERIOD);
            loop {
                let last = tokio::select! {
                    _ = ticks.tick() => false,
                    _ = stopping.changed() => true,
                };
                failures.report(&api_keys.record_usage(last).await);
                session_failures.report(&identity.record_session_uses().await);
                if last {
                    return;
                }
            }
        });
        Self { stop, task, shares, mails, runs }
    }

    pub(crate) fn runs(&self) -> &[Arc<JobRuns>] {
        &self.runs
    }

    /// Stops the tasks and waits for the last write, but not for a database that no longer responds.
    pub(crate) async fn finish(self) {
        let _told = self.stop.send(true);
        match timeout(LAST, self.task).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "the worker ended early"),
            Err(_) => {
                tracing::warn!("the last use of some keys or sessions was not written: the database does not answer");
            }
        }
        if timeout(RETURN_ALL, self.shares).await.is_err() {
            tracing::warn!("some shares of the limits of keys are lost: the database does not answer");
        }
        // A mail in delivery gets the same time. If it is not delivered, a node sends it again later.
        if timeout(LAST, self.mails).await.is_err() {
            tracing::warn!("stopped while a mail was on its way");
        }
    }
}

/// Returns unused shares until the node stops, and then all shares.
async fn return_shares(api_keys: Arc<ApiKeys>, mut stopping: watch::Receiver<bool>, mut failures: FailureLog) {
    let mut ticks = every(RETURN);
    loop {
        let last = tokio::select! {
            _ = ticks.tick() => false,
            _ = stopping.changed() => true,
        };
        failures.report(&api_keys.return_unused_shares(last).await);
        if last {
            return;
        }
    }
}
