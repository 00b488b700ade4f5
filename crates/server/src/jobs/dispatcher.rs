//! The job that delivers the messages of the outbox: its schedule, its log lines and its end.

use std::{error::Error, sync::Arc, time::Duration};

use tessera_kernel::StoreError;
use tessera_outbox::{Attempt, DeliveryOutcome, Dispatcher};
use tokio::sync::watch;

use super::repeat::{FailureLog, every};
use crate::metrics::MailMetrics;

/// The period of mail delivery. It is short, because users wait for mails.
const MAIL_PERIOD: Duration = Duration::from_secs(1);

/// The period of the erasure of expired mails.
const ERASE_PERIOD: Duration = Duration::from_mins(10);

/// The period of the count of waiting mails, for the metrics.
const WAITING_PERIOD: Duration = Duration::from_secs(5);

/// Delivers mails until the process stops.
pub(crate) async fn run(
    dispatcher: Dispatcher,
    mut stopping: watch::Receiver<bool>,
    mut failures: FailureLog,
    metrics: Option<Arc<MailMetrics>>,
) {
    let (mut ticks, mut erasing, mut looking) = (every(MAIL_PERIOD), every(ERASE_PERIOD), every(WAITING_PERIOD));
    let metrics = metrics.as_deref();
    let note = |attempt: Attempt| {
        count_attempt(metrics, &attempt.outcome);
        log_attempt(attempt);
    };
    loop {
        let done = tokio::select! {
            _ = stopping.changed() => return,
            _ = ticks.tick() => dispatcher.deliver_due(|| *stopping.borrow(), note).await,
            _ = erasing.tick() => dispatcher.erase_expired().await.map(|mails| note_expired(metrics, mails)),
            _ = looking.tick(), if metrics.is_some() => count_waiting(&dispatcher, metrics).await,
        };
        failures.report(&done);
    }
}

fn count_attempt(metrics: Option<&MailMetrics>, outcome: &DeliveryOutcome) {
    let Some(metrics) = metrics else { return };
    let counter = match outcome {
        DeliveryOutcome::Delivered => &metrics.delivered,
        DeliveryOutcome::Refused(_) => &metrics.rejected,
        DeliveryOutcome::Rescheduled { .. } => &metrics.deferred,
    };
    counter.increment();
}

async fn count_waiting(dispatcher: &Dispatcher, metrics: Option<&MailMetrics>) -> Result<(), StoreError> {
    let Some(metrics) = metrics else { return Ok(()) };
    let waiting = dispatcher.queue.count_waiting(dispatcher.clock.now()).await?;
    metrics.waiting.set(i64::try_from(waiting.count).unwrap_or(i64::MAX));
    metrics.oldest.set(waiting.oldest.map_or(0, time::OffsetDateTime::unix_timestamp));
    Ok(())
}

fn log_attempt(Attempt { mail, number: attempt, outcome }: Attempt) {
    match outcome {
        DeliveryOutcome::Delivered => tracing::info!(%mail, attempt, "mail delivered"),
        // The text of the server is not logged, because it usually contains the address.
        DeliveryOutcome::Refused(refusal) => {
            tracing::warn!(%mail, attempt, %refusal, "mail refused for good; it is not tried again");
        }
        DeliveryOutcome::Rescheduled { wait, cause } => {
            let (cause, seconds) = (chain(&*cause), wait.whole_seconds());
            tracing::warn!(%mail, attempt, cause, seconds, "mail not delivered; trying again later");
        }
    }
}

fn note_expired(metrics: Option<&MailMetrics>, mails: u64) {
    if let Some(metrics) = metrics {
        metrics.expired.add(mails);
    }
    if mails > 0 {
        tracing::warn!(mails, "mails expired before they could be delivered");
    }
}

/// Formats an error and all its causes in one line.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}
