//! Observation of the messages on a PostgreSQL connection.
//!
//! The driver hides three facts that decide whether a write may be acknowledged: the SQLSTATE of an error, warnings,
//! and whether the server has finished the statement. The response to a statement that returns a row arrives before its
//! implicit commit.

use std::{
    io,
    pin::Pin,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicI32, AtomicU64, Ordering},
    },
    task::{Context, Poll},
};

use futures_util::task::AtomicWaker;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, TlsStream};

use crate::database::engine::error::SqlState;

/// Length of a message header: the type and the length of the message.
const HEAD: usize = 5;

/// Maximum number of bytes that are kept of a message. The first fields of an error or a warning are the severity and the
/// SQLSTATE.
const KEPT: usize = 256;

/// Messages of the server on one connection.
pub(super) struct Wire {
    /// Number of requests that were sent, and number that were answered. The start-up counts as one.
    sent: AtomicU64,
    answered: AtomicU64,
    closed: AtomicBool,
    warned: AtomicBool,
    error: Mutex<Option<SqlState>>,
    waiting: AtomicWaker,
    /// The process id in the greeting of the server.
    process: AtomicI32,
}

impl Wire {
    pub(super) fn new() -> Self {
        Self {
            sent: AtomicU64::new(1),
            answered: AtomicU64::new(0),
            closed: AtomicBool::new(false),
            warned: AtomicBool::new(false),
            error: Mutex::new(None),
            waiting: AtomicWaker::new(),
            process: AtomicI32::new(0),
        }
    }

    /// Discards the messages of earlier statements.
    pub(super) fn forget(&self) {
        self.warned.store(false, Ordering::Release);
        *self.error.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Waits until the server has completely answered every request, or the connection is closed.
    pub(super) async fn settled(&self) {
        std::future::poll_fn(|context| {
            if self.is_settled() {
                return Poll::Ready(());
            }
            self.waiting.register(context.waker());
            // The answer may have arrived between the first check and the registration.
            if self.is_settled() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    /// The SQLSTATE of the first error.
    pub(super) fn error(&self) -> Option<SqlState> {
        *self.error.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns whether the server has sent a warning.
    pub(super) fn warned(&self) -> bool {
        self.warned.load(Ordering::Acquire)
    }

    /// The process id that the server has sent for cancellations. A pooler sends another one than that of the process.
    pub(super) fn process(&self) -> i32 {
        self.process.load(Ordering::Acquire)
    }

    fn is_settled(&self) -> bool {
        self.closed.load(Ordering::Acquire)
            || self.answered.load(Ordering::Acquire) >= self.sent.load(Ordering::Acquire)
    }

    fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.waiting.wake();
    }

    fn hear_client(&self, kind: u8) {
        // Sync ends a request of the extended protocol; Query is one of the simple protocol.
        if matches!(kind, b'S' | b'Q') {
            self.sent.fetch_add(1, Ordering::AcqRel);
        }
    }

    fn hear_server(&self, kind: u8, body: &[u8]) {
        match kind {
            // The statements that were sent after the first error fail because of it.
            b'E' => {
                let mut error = self.error.lock().unwrap_or_else(PoisonError::into_inner);
                *error = error.or_else(|| state(body));
            }
            // BackendKeyData
            b'K' => {
                if let Some(process) = body.first_chunk() {
                    self.process.store(i32::from_be_bytes(*process), Ordering::Release);
                }
            }
            b'N' if is_warning(body) => self.warned.store(true, Ordering::Release),
            // ReadyForQuery
            b'Z' => {
                self.answered.fetch_add(1, Ordering::AcqRel);
                self.waiting.wake();
            }
            _ => {}
        }
    }
}

/// Detects a warning by the class of its SQLSTATE, or by the severity field that `lc_messages` does not translate.
fn is_warning(body: &[u8]) -> bool {
    state(body).is_some_and(SqlState::is_warning) || field(body, b'V') == Some(b"WARNING")
}

fn state(body: &[u8]) -> Option<SqlState> {
    field(body, b'C')?.try_into().ok().map(SqlState)
}

/// Returns one field of an error or a warning. Each field is a type and a text that ends with 0.
fn field(body: &[u8], wanted: u8) -> Option<&[u8]> {
    let mut rest = body;
    while let [kind, fields @ ..] = rest {
        let end = fields.iter().position(|byte| *byte == 0)?;
        if *kind == wanted {
            return fields.get(..end);
        }
        rest = fields.get(end + 1..)?;
    }
    None
}

/// Splits a byte stream into messages, whatever the boundaries of the reads are.
struct Messages {
    head: [u8; HEAD],
    filled: usize,
    left: usize,
    body: Vec<u8>,
}

impl Messages {
    fn from_server() -> Self {
        Self { head: [0; HEAD], filled: 0, left: 0, body: Vec::new() }
    }

    /// The first message of a client has no type.
    fn from_client() -> Self {
        Self { filled: 1, ..Self::from_server() }
    }

    fn read(&mut self, mut bytes: &[u8], mut seen: impl FnMut(u8, &[u8])) {
        loop {
            if self.filled < HEAD {
                let (head, rest) = bytes.split_at(bytes.len().min(HEAD - self.filled));
                self.head[self.filled..self.filled + head.len()].copy_from_slice(head);
                self.filled += head.len();
                bytes = rest;
                if self.filled < HEAD {
                    return;
                }
                let [_, length @ ..] = self.head;
                // The length includes itself.
                self.left = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX).saturating_sub(4);
                self.body.clear();
            }
            let (body, rest) = bytes.split_at(bytes.len().min(self.left));
            if matches!(self.head[0], b'E' | b'N' | b'K') {
                let room = KEPT.saturating_sub(self.body.len());
                self.body.extend_from_slice(&body[..body.len().min(room)]);
            }
            self.left -= body.len();
            bytes = rest;
            if self.left > 0 {
                return;
            }
            seen(self.head[0], &self.body);
            self.filled = 0;
        }
    }
}

/// A stream to the server whose messages are observed.
pub(super) struct Watched<S> {
    stream: S,
    wire: std::sync::Arc<Wire>,
    client: Messages,
    server: Messages,
}

impl<S> Watched<S> {
    pub(super) fn new(stream: S, wire: std::sync::Arc<Wire>) -> Self {
        Self { stream, wire, client: Messages::from_client(), server: Messages::from_server() }
    }
}

impl<S> Drop for Watched<S> {
    fn drop(&mut self) {
        self.wire.close();
    }
}

impl<S: TlsStream + Unpin> TlsStream for Watched<S> {
    fn channel_binding(&self) -> ChannelBinding {
        self.stream.channel_binding()
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let Self { stream, wire, server, .. } = self.get_mut();
        let before = buffer.filled().len();
        let read = Pin::new(stream).poll_read(context, buffer);
        let bytes = buffer.filled().get(before..).unwrap_or_default();
        match &read {
            Poll::Ready(Ok(())) if !bytes.is_empty() => server.read(bytes, |kind, body| wire.hear_server(kind, body)),
            Poll::Ready(_) => wire.close(),
            Poll::Pending => {}
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let Self { stream, wire, client, .. } = self.get_mut();
        let written = Pin::new(stream).poll_write(context, bytes);
        if let Poll::Ready(Ok(length)) = written {
            client.read(bytes.get(..length).unwrap_or_default(), |kind, _| wire.hear_client(kind));
        }
        written
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::{Messages, Wire, is_warning};

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len() + 4).unwrap_or_default();
        [&[kind][..], &length.to_be_bytes(), body].concat()
    }

    /// The boundaries of the reads do not change the messages.
    #[test]
    fn errors_and_ends_are_seen_in_reads_of_any_size() {
        let error = [&b"SFEHLER\0VERROR\0C53100\0M"[..], &[b'x'; 400], b"\0\0"].concat();
        let stream = [message(b'D', &[b'E'; 9]), message(b'E', &error), message(b'Z', b"I")].concat();
        for size in 1..=stream.len() {
            let (wire, mut messages) = (Wire::new(), Messages::from_server());
            for bytes in stream.chunks(size) {
                messages.read(bytes, |kind, body| wire.hear_server(kind, body));
            }
            assert_eq!(wire.error().map(|state| state.0), Some(*b"53100"), "in reads of {size} bytes");
            assert!(wire.is_settled() && !wire.warned(), "in reads of {size} bytes");
        }
    }

    #[test]
    fn a_request_is_settled_by_its_own_answer() {
        let (wire, mut client) = (Wire::new(), Messages::from_client());
        // The start-up message has no type; its protocol version follows the length.
        let start = [&8_u32.to_be_bytes()[..], &[0, 3, 0, 0]].concat();
        client.read(&start, |kind, _| wire.hear_client(kind));
        assert!(!wire.is_settled());
        wire.hear_server(b'Z', b"I");
        assert!(wire.is_settled());
        client.read(&[message(b'B', b"S"), message(b'E', b"Q"), message(b'S', b"")].concat(), |kind, _| {
            wire.hear_client(kind);
        });
        wire.hear_server(b'D', b"Z");
        assert!(!wire.is_settled());
        wire.hear_server(b'Z', b"I");
        assert!(wire.is_settled());
    }

    #[test]
    fn a_warning_is_known_in_every_language() {
        assert!(is_warning(b"SWARNUNG\0VWARNING\0C01000\0Mabgebrochen\0\0"));
        assert!(is_warning(b"SWARNUNG\0C01000\0Mabgebrochen\0\0"));
        assert!(is_warning(b"SWARNUNG\0VWARNING\0C57P01\0Mabgebrochen\0\0"));
        assert!(!is_warning(b"SHINWEIS\0VNOTICE\0C00000\0MWARNING\0\0"));
        assert!(!is_warning(b"SHINWEIS"));
    }
}
