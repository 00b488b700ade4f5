//! What is done beside the requests.

use std::{sync::Arc, time::Duration};

use tessera_api::Services;
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{MissedTickBehavior, interval, timeout},
};

/// How often gathered uses of keys are looked through. A key's last use is written at most once a minute all the same.
const PERIOD: Duration = Duration::from_secs(5);

/// After how many looks the challenges that nobody answered are forgotten: once a minute.
const FORGETTING: u64 = 12;

/// How long the last write may take.
const LAST: Duration = Duration::from_secs(1);

/// The worker, until it is told to stop.
pub(crate) struct Worker {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Worker {
    /// Starts it on the current runtime.
    pub(crate) fn start(services: &Services) -> Self {
        let (api_keys, identity) = (Arc::clone(&services.api_keys), Arc::clone(&services.identity));
        let sso = Arc::clone(&services.sso);
        let (stop, mut stopping) = watch::channel(false);
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
                    && let Err(error) = sso.forget().await
                {
                    tracing::warn!(%error, "sign-ins that are over could not be forgotten; trying again later");
                }
            }
        });
        Self { stop, task }
    }

    /// Lets it write what is left, and waits for that, but not for a database that no longer answers.
    pub(crate) async fn finish(self) {
        let _told = self.stop.send(true);
        match timeout(LAST, self.task).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "the worker ended early"),
            Err(_) => tracing::warn!("the last use of some keys was not written: the database does not answer"),
        }
    }
}
