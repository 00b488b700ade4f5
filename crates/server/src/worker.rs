//! What is done beside the requests, and has something to finish when the process is to end.

use std::{sync::Arc, time::Duration};

use tessera_api::Services;
use tokio::{sync::watch, task::JoinHandle, time::timeout};

use crate::{
    postman::Postman,
    repeated::{Trouble, every},
};

/// How often gathered uses of keys are looked through. A key's last use is written at most once a minute all the same.
const PERIOD: Duration = Duration::from_secs(5);

/// How long the last write may take.
const LAST: Duration = Duration::from_secs(1);

/// How often mails are looked for. Somebody may be waiting for theirs.
const MAIL_PERIOD: Duration = Duration::from_secs(1);

/// How often what expired mails said is erased.
const ERASE_PERIOD: Duration = Duration::from_mins(10);

/// The worker, until it is told to stop.
pub(crate) struct Worker {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
    mails: JoinHandle<()>,
}

impl Worker {
    /// Starts it on the current runtime.
    pub(crate) fn start(services: &Services, postman: Postman) -> Self {
        let api_keys = Arc::clone(&services.api_keys);
        let (stop, mut stopping) = watch::channel(false);
        let mails = tokio::spawn(deliver(postman, stop.subscribe()));
        let task = tokio::spawn(async move {
            let (mut ticks, mut trouble) = (every(PERIOD), Trouble::with("writing the use of keys"));
            loop {
                let last = tokio::select! {
                    _ = ticks.tick() => false,
                    _ = stopping.changed() => true,
                };
                trouble.tell_of(&api_keys.record_usage(last).await);
                if last {
                    return;
                }
            }
        });
        Self { stop, task, mails }
    }

    /// Lets it write what is left, and waits for that, but not for a database that no longer answers.
    pub(crate) async fn finish(self) {
        let _told = self.stop.send(true);
        match timeout(LAST, self.task).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "the worker ended early"),
            Err(_) => tracing::warn!("the last use of some keys was not written: the database does not answer"),
        }
        // A mail that is on its way is given as long. If it does not get there, some node sends it again.
        if timeout(LAST, self.mails).await.is_err() {
            tracing::warn!("stopped while a mail was on its way");
        }
    }
}

/// Delivers mails until it is told to stop.
async fn deliver(postman: Postman, mut stopping: watch::Receiver<bool>) {
    let (mut ticks, mut erasing) = (every(MAIL_PERIOD), every(ERASE_PERIOD));
    let mut trouble = Trouble::with("looking for mails");
    loop {
        let done = tokio::select! {
            _ = stopping.changed() => return,
            _ = ticks.tick() => postman.round(&stopping).await,
            _ = erasing.tick() => postman.erase_expired().await,
        };
        trouble.tell_of(&done);
    }
}
