//! Messages to the service manager (`Type=notify` of systemd). Without `NOTIFY_SOCKET`, nothing is sent.

use sd_notify::NotifyState;

/// The service is ready.
pub(crate) fn ready() {
    send(&NotifyState::Ready);
}

/// The service has begun to stop.
pub(crate) fn stopping() {
    send(&NotifyState::Stopping);
}

fn send(state: &NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(std::slice::from_ref(state)) {
        tracing::warn!(%error, "the service manager can't be notified at NOTIFY_SOCKET");
    }
}
