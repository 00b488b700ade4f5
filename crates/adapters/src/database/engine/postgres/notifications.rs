//! Notifications of PostgreSQL, on a connection of their own.

use std::{future::poll_fn, sync::Arc, time::Duration};

use tokio::{
    sync::Notify,
    time::{sleep, timeout},
};
use tokio_postgres::{AsyncMessage, Error};
use tokio_util::task::AbortOnDropHandle;

use super::{connect::HANDSHAKE, features::Features, server::Server};

/// The first and the longest time between two attempts to connect.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(5));

/// Returns the SQL expression that sends a notification to the channel `$3` when the transaction commits. Without
/// notifications, nodes learn at their next poll.
pub(in crate::database) const fn expression(features: Features) -> &'static str {
    if features.notifications { "pg_notify($3, '')" } else { "$3::text" }
}

/// Notifies `wake` of each notification on a channel, and after each new connection, because it may have missed some. A
/// pooler between the service and the server loses all of them, so the caller also polls.
pub(in crate::database) fn listen(server: Server, channel: &'static str, wake: Arc<Notify>) -> AbortOnDropHandle<()> {
    AbortOnDropHandle::new(tokio::spawn(async move {
        let mut pause = PAUSES.0;
        loop {
            match timeout(HANDSHAKE, connect(&server, channel, &wake)).await {
                Ok(Ok(connection)) => {
                    pause = PAUSES.0;
                    connection.await;
                }
                Ok(Err(error)) => tracing::debug!(%error, "can't listen for notifications"),
                Err(_) => tracing::debug!("can't listen for notifications: the server does not answer"),
            }
            sleep(pause).await;
            pause = (2 * pause).min(PAUSES.1);
        }
    }))
}

/// Connects and listens. The returned future ends with the connection.
async fn connect(
    server: &Server,
    channel: &str,
    wake: &Arc<Notify>,
) -> Result<impl Future<Output = ()> + use<>, Error> {
    let (client, mut connection) = server.config.connect(server.tls.clone()).await?;
    let woken = Arc::clone(wake);
    let driver = AbortOnDropHandle::new(tokio::spawn(async move {
        while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
            if let AsyncMessage::Notification(_) = message {
                woken.notify_one();
            }
        }
    }));
    client.batch_execute(&format!("LISTEN {channel}")).await?;
    wake.notify_one();
    Ok(async move {
        drop(driver.await);
        // The connection closes when its client is dropped.
        drop(client);
    })
}
