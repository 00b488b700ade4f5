//! What is done beside the requests.

use std::{sync::Arc, time::Duration};

use tessera_api::Services;
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{MissedTickBehavior, interval, timeout},
};

use crate::postman::Postman;

/// How often gathered uses of keys are looked through. A key's last use is written at most once a minute all the same.
const PERIOD: Duration = Duration::from_secs(5);

/// After how many looks is forgotten what nobody answered or used: once a minute.
const FORGETTING: u64 = 12;

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
        let (api_keys, identity) = (Arc::clone(&services.api_keys), Arc::clone(&services.identity));
        let sso = Arc::clone(&services.sso);
        let (stop, mut stopping) = watch::channel(false);
        let mails = tokio::spawn(deliver(postman, stop.subscribe()));
        let task = tokio::spawn(async move {
            let mut ticks = interval(PERIOD);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            for look in 0_u64.. {
                let last = tokio::select! {
                    _ = ticks.tick() => false,
                    _ = stopping.changed() => true,
                };
                if let Err(error) = api_keys.record_usage(last).await {
                    tracing::warn!(%error, "the use of keys could not be written; trying again later");
                }
                if last {
                    return;
                }
                if look.is_multiple_of(FORGETTING)
                    && let Err(error) = identity.forget_expired_challenges().await
                {
                    tracing::warn!(%error, "expired challenges could not be forgotten; trying again later");
                }
                if look.is_multiple_of(FORGETTING)
                    && let Err(error) = identity.forget_expired_resets().await
                {
                    tracing::warn!(%error, "expired links to passwords could not be forgotten; trying again later");
                }
                if look.is_multiple_of(FORGETTING)
                    && let Err(error) = sso.forget().await
                {
                    tracing::warn!(%error, "sign-ins that are over could not be forgotten; trying again later");
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
    let (mut ticks, mut erasing) = (interval(MAIL_PERIOD), interval(ERASE_PERIOD));
    for ticks in [&mut ticks, &mut erasing] {
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    }
    let mut failing = false;
    loop {
        let done = tokio::select! {
            _ = stopping.changed() => return,
            _ = ticks.tick() => postman.round(&stopping).await,
            _ = erasing.tick() => postman.erase_expired().await,
        };
        // Said once, and not each second for as long as the database is away.
        if let Err(error) = &done
            && !failing
        {
            tracing::warn!(%error, "mails can't be looked for; trying again");
        }
        failing = done.is_err();
    }
}
