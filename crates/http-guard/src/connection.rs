//! One connection, between the socket and the dispatcher of actix-http.

use std::{
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
    time::{Duration, SystemTime},
};

use actix_http::{Extensions, header::HttpDate};
use bytes::{Buf as _, BytesMut};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::Instant,
};

use crate::{
    exchange::Exchange,
    framing::Framing,
    pace::{Alarm, Allowance, Pace},
    peers::Slot,
};

/// A byte that no head may contain. The decoder responds with 400 and closes the connection.
const FORBIDDEN: u8 = 0;

/// How many buffers of 4 KiB are discarded after a fault before other tasks run.
const READ_AWAY: usize = 64;

/// How many bytes of further requests are read while one is in progress. The rest stays in the socket.
const READ_AHEAD: usize = 256;

/// How long a response may make no progress.
const RESPONSE: Duration = Duration::from_secs(30);

/// A stream that enforces rules: request boundaries are unambiguous, one request is processed at a time, and each part
/// of an exchange has a deadline.
///
/// The decoder of actix-http accepts a bare line feed as the end of a line, and closes the connection without a
/// response at a malformed chunk. Therefore a bare line feed in a head is replaced by a byte that the decoder rejects,
/// and a body ends before its fault.
pub struct Connection<S> {
    stream: S,
    input: Input,
    framing: Framing,
    exchange: Rc<Exchange>,
    /// The bytes that were read after the end of the request in progress.
    withheld: BytesMut,
    pace: Pace,
    patience: Alarm,
    /// Since when the client has read nothing of a response.
    stalled: Option<Instant>,
    stall: Alarm,
    reset: fn(&S),
    slot: Slot,
}

/// The state of the input.
#[derive(Clone, Copy)]
enum Input {
    Open,
    /// The framing has a fault.
    Broken,
    /// The client was too slow, or the connection was evicted while it waited for the client.
    Ended,
}

impl<S> Connection<S> {
    /// Wraps a stream. The connection counts as open until it is dropped.
    pub fn new(stream: S, slot: Slot) -> Self {
        Self {
            stream,
            input: Input::Open,
            framing: Framing::default(),
            exchange: Rc::default(),
            withheld: BytesMut::new(),
            pace: Pace::opened(),
            patience: Alarm::default(),
            stalled: None,
            stall: Alarm::default(),
            reset: |_| {},
            slot,
        }
    }

    /// Sets a function that is called on the stream before a response without progress is cut off. It should make the
    /// close a reset (`SO_LINGER` of zero). Otherwise the kernel keeps the unsent bytes and offers them to the client
    /// for minutes.
    #[must_use]
    pub fn reset_by(self, reset: fn(&S)) -> Self {
        Self { reset, ..self }
    }

    /// Shares the state that [`exchange`](crate::exchange()) needs with the requests of this connection. For
    /// `on_connect_ext`.
    pub fn share(&self, data: &mut Extensions) {
        data.insert(Rc::clone(&self.exchange));
    }

    /// Ends the input of a connection that was evicted.
    fn end_evicted(&mut self) {
        if let Pace::Body(_) = self.pace {
            self.exchange.set_late();
        }
        self.input = Input::Ended;
    }

    /// Follows bytes to the end of the request that they belong to. Returns how many of them belong to it. The error is
    /// the index of a fault.
    fn follow(&mut self, bytes: &mut [u8]) -> Result<usize, usize> {
        if !self.slot.set_busy() {
            self.end_evicted();
            return Ok(0);
        }
        if self.pace.is_between() {
            self.pace = Pace::Head(None);
        }
        let mut read = 0;
        while read < bytes.len() {
            let end = self.framing.advance(&mut bytes[read..]).map_err(|at| read + at)?;
            if let Pace::Body(allowance) = &mut self.pace {
                allowance.received(end.unwrap_or(bytes.len() - read));
            }
            let Some(end) = end else { return Ok(bytes.len()) };
            read += end;
            if let Pace::Head(_) = self.pace {
                self.exchange.begin();
            }
            if self.framing.in_head() {
                self.pace = Pace::Between;
                return Ok(read);
            }
            self.pace = Pace::Body(Allowance::new());
        }
        Ok(read)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// Reads bytes of one request only.
    fn poll_request(&mut self, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let fresh = self.withheld.is_empty();
        if fresh {
            match Pin::new(&mut self.stream).poll_read(context, buffer) {
                Poll::Ready(read) => read?,
                Poll::Pending => return self.poll_patience(context),
            }
            if buffer.filled().len() == before {
                return Poll::Ready(Ok(()));
            }
        } else {
            let size = self.withheld.len().min(buffer.remaining());
            buffer.put_slice(&self.withheld[..size]);
        }
        match self.follow(&mut buffer.filled_mut()[before..]) {
            Ok(size) if fresh => {
                self.withheld.extend_from_slice(&buffer.filled()[before + size..]);
                buffer.set_filled(before + size);
            }
            Ok(size) => {
                self.withheld.advance(size);
                buffer.set_filled(before + size);
            }
            Err(at) => self.break_off(context, buffer, before + at),
        }
        if self.withheld.is_empty() {
            self.withheld = BytesMut::new();
        }
        Poll::Ready(Ok(()))
    }

    /// Reads a few bytes of the next request, to detect whether the client has closed the connection. Passes none of
    /// them on.
    fn poll_ahead(&mut self, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        // The flush of the response wakes the task.
        if !self.withheld.is_empty() {
            return Poll::Pending;
        }
        let mut room = [0; READ_AHEAD];
        let mut ahead = ReadBuf::new(&mut room[..READ_AHEAD.min(buffer.remaining())]);
        ready!(Pin::new(&mut self.stream).poll_read(context, &mut ahead))?;
        if ahead.filled().is_empty() {
            return Poll::Ready(Ok(()));
        }
        self.withheld.extend_from_slice(ahead.filled());
        Poll::Pending
    }

    /// Waits for more bytes of a request, and ends the input at the deadline.
    fn poll_patience(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.slot.set_waiting(context.waker());
        let Some(deadline) = self.pace.deadline() else { return Poll::Pending };
        ready!(self.patience.poll_at(deadline, context));
        match self.pace {
            Pace::Head(_) => self.respond_timeout(context),
            Pace::Body(_) => self.exchange.set_late(),
            Pace::Opened(_) | Pace::Between => {}
        }
        self.input = Input::Ended;
        Poll::Ready(Ok(()))
    }

    /// Writes the 408 response for an incomplete head. The dispatcher has written all earlier responses, because it
    /// gets no byte of a head before that.
    #[expect(clippy::disallowed_methods, reason = "the Date of a response is the time of this machine")]
    fn respond_timeout(&mut self, context: &mut Context<'_>) {
        let date = HttpDate::from(SystemTime::now());
        let response =
            format!("HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\ndate: {date}\r\n\r\n");
        // If the socket has no room for the response, the client does not get it.
        let _written = Pin::new(&mut self.stream).poll_write(context, response.as_bytes());
    }

    /// Ends the input at a fault.
    fn break_off(&mut self, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>, at: usize) {
        self.input = Input::Broken;
        self.withheld.clear();
        buffer.set_filled(at);
        if self.framing.in_head() {
            buffer.put_slice(&[FORBIDDEN]);
        } else {
            let _more_may_come = self.poll_read_away(context);
        }
    }

    /// Discards what follows a fault, until the client closes its side. The close of a socket with unread bytes resets
    /// the connection, and the client may lose the response.
    fn poll_read_away(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut room = [0; 4096];
        for _ in 0..READ_AWAY {
            let mut buffer = ReadBuf::new(&mut room);
            ready!(Pin::new(&mut self.stream).poll_read(context, &mut buffer))?;
            if buffer.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
        }
        // Yields, so that other tasks can run.
        context.waker().wake_by_ref();
        Poll::Pending
    }

    /// Returns the result of a write, or an error if the client has read nothing for too long or the connection was
    /// evicted while it waited.
    fn poll_progress<T>(&mut self, context: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            if self.stalled.take().is_none() || self.slot.set_busy() {
                return written;
            }
        } else {
            let since = *self.stalled.get_or_insert_with(Instant::now);
            self.slot.set_waiting(context.waker());
            if !self.slot.is_evicted() {
                ready!(self.stall.poll_at(since + RESPONSE, context));
            }
        }
        (self.reset)(&self.stream);
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Connection<S> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        match this.input {
            // The end of the input would make the decoder drop earlier requests that are not processed yet.
            Input::Broken if this.framing.in_head() => this.poll_read_away(context),
            Input::Broken | Input::Ended => Poll::Ready(Ok(())),
            Input::Open if this.pace.is_between() && !this.exchange.is_idle() => this.poll_ahead(context, buffer),
            Input::Open if this.slot.is_evicted() => {
                this.end_evicted();
                Poll::Ready(Ok(()))
            }
            Input::Open => this.poll_request(context, buffer),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Connection<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write(context, bytes);
        this.poll_progress(context, written)
    }

    /// The dispatcher flushes at the end of each poll, and only if it has written everything.
    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let flushed = Pin::new(&mut this.stream).poll_flush(context);
        ready!(this.poll_progress(context, flushed))?;
        if this.exchange.flushed() {
            if !this.withheld.is_empty() {
                context.waker().wake_by_ref();
            } else if this.pace.is_between() {
                this.slot.set_waiting(context.waker());
            }
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let shut = Pin::new(&mut this.stream).poll_shutdown(context);
        this.poll_progress(context, shut)
    }
}
