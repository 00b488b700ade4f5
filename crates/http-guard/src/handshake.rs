//! What comes before the first request of a connection, such as a TLS handshake.

use std::{
    future::{Future, poll_fn},
    io,
    pin::pin,
    task::Poll,
};

use tokio::time::timeout;

use crate::{pace::HEAD, peers::Slot};

/// Performs a handshake within the time limit of a head. Until it is complete, the connection counts as waiting for its
/// client since it was admitted, so it may be evicted.
///
/// # Errors
/// The handshake failed, took too long, or its connection was evicted.
pub async fn handshake<T>(slot: &mut Slot, shaking: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    let mut shaking = pin!(shaking);
    let limited = poll_fn(|context| {
        if slot.is_evicted() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        let done = shaking.as_mut().poll(context);
        if done.is_pending() {
            slot.set_waiting(context.waker());
        }
        done
    });
    timeout(HEAD, limited).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}
