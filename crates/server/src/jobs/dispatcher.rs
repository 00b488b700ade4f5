//! The job that delivers the messages of the outbox: its schedule, its log lines and its end.

use std::{error::Error, time::Duration};

use tessera_outbox::{Attempt, DeliveryOutcome, Dispatcher};
use tokio::sync::watch;

use super::repeat::{FailureLog, every};

/// The period of mail delivery. It is short, because users wait for mails.
const MAIL_PERIOD: Duration = Duration::from_secs(1);

/// The period of the erasure of expired mails.
const ERASE_PERIOD: Duration = Duration::from_mins(10);

/// Delivers mails until the process stops.
pub(crate) async fn run(dispatcher: Dispatcher, mut stopping: watch::Receiver<bool>) {
    let (mut ticks, mut erasing) = (every(MAIL_PERIOD), every(ERASE_PERIOD));
    let mut failures = FailureLog::of("delivery of mails");
    loop {
        let done = tokio::select! {
            _ = stopping.changed() => return,
            _ = ticks.tick() => dispatcher.deliver_due(|| *stopping.borrow(), log_attempt).await,
            _ = erasing.tick() => dispatcher.erase_expired().await.map(log_expired),
        };
        failures.report(&done);
    }
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

fn log_expired(mails: u64) {
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
