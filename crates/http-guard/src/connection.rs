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

/// What no head may hold. The decoder answers it with 400 and closes.
const FORBIDDEN: u8 = 0;

/// How much of what follows a fault is read away at once, in buffers of 4 KiB.
const READ_AWAY: usize = 64;

/// How many bytes of further requests are read while one is in progress. More stay in the socket.
const READ_AHEAD: usize = 256;

/// How long a response may make no progress.
const RESPONSE: Duration = Duration::from_secs(30);

/// A stream with rules: requests end where every reader thinks they do, one is processed at a time, and each part of an
/// exchange has a deadline.
///
/// The decoder of actix-http takes a bare line feed as the end of a line, and lets a malformed chunk end the connection without
/// a response. A bare line feed of a head reaches it as a byte that it rejects; a body breaks off before its fault.
pub struct Connection<S> {
    stream: S,
    input: Input,
    framing: Framing,
    exchange: Rc<Exchange>,
    /// What was read of requests behind the one in progress.
    withheld: BytesMut,
    pace: Pace,
    patience: Alarm,
    /// Since when the client has taken nothing of a response.
    stalled: Option<Instant>,
    stall: Alarm,
    reset: fn(&S),
    slot: Slot,
}

/// Whether more is read.
#[derive(Clone, Copy)]
enum Input {
    Open,
    /// There was a fault in the framing.
    Broken,
    /// The client was too slow, or the connection was closed while it was idle.
    Ended,
}

impl<S> Connection<S> {
    /// A connection that counts as admitted for as long as it exists.
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

    /// The same connection, with what is done to its stream before a response without progress is cut off. It is meant to
    /// make the close a reset (`SO_LINGER` of zero): otherwise the kernel keeps what is unsent and offers it to the client
    /// for minutes.
    #[must_use]
    pub fn reset_by(self, reset: fn(&S)) -> Self {
        Self { reset, ..self }
    }

    /// Gives the requests of this connection what [`exchange`](crate::exchange()) needs. For `on_connect_ext`.
    pub fn share(&self, data: &mut Extensions) {
        data.insert(Rc::clone(&self.exchange));
    }

    /// Follows bytes to the end of the request that they belong to. Returns how many belong to it. The error is the index of a
    /// fault.
    fn follow(&mut self, bytes: &mut [u8]) -> Result<usize, usize> {
        if self.pace.is_between() {
            if !self.slot.set_busy() {
                self.input = Input::Ended;
                return Ok(0);
            }
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
    /// Reads the bytes of one request at most.
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

    /// Reads a little of the next request, to see whether the client is still there, and passes nothing on.
    fn poll_ahead(&mut self, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        // The task is woken when the response is written.
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

    /// Waits for more of a request, and ends the input if that takes too long.
    fn poll_patience(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.pace.is_between() {
            self.slot.set_idle(context.waker());
        }
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

    /// Writes a response for a head that did not arrive. The dispatcher has written everything before: it gets no byte of a
    /// head earlier.
    #[expect(clippy::disallowed_methods, reason = "the Date of a response is the time of this machine")]
    fn respond_timeout(&mut self, context: &mut Context<'_>) {
        let date = HttpDate::from(SystemTime::now());
        let response =
            format!("HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\ndate: {date}\r\n\r\n");
        // A client that left no room for it in the socket does not get it.
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

    /// Reads away what follows a fault, until the client ends it. A socket that is closed with something unread is reset, and
    /// the answer may be lost with it.
    fn poll_read_away(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut room = [0; 4096];
        for _ in 0..READ_AWAY {
            let mut buffer = ReadBuf::new(&mut room);
            ready!(Pin::new(&mut self.stream).poll_read(context, &mut buffer))?;
            if buffer.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
        }
        // Others have their turn.
        context.waker().wake_by_ref();
        Poll::Pending
    }

    /// Passes on the result of writing, unless the client has taken nothing for too long.
    fn poll_progress<T>(&mut self, context: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let since = *self.stalled.get_or_insert_with(Instant::now);
        ready!(self.stall.poll_at(since + RESPONSE, context));
        (self.reset)(&self.stream);
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Connection<S> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        match this.input {
            // An end here would keep the decoder from requests that came before the fault and wait for their turn.
            Input::Broken if this.framing.in_head() => this.poll_read_away(context),
            Input::Broken | Input::Ended => Poll::Ready(Ok(())),
            Input::Open if this.pace.is_between() && !this.exchange.is_idle() => this.poll_ahead(context, buffer),
            Input::Open if this.pace.is_between() && this.slot.is_evicted() => {
                this.input = Input::Ended;
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

    /// The dispatcher flushes at the end of each turn, and only what it has written completely.
    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let flushed = Pin::new(&mut this.stream).poll_flush(context);
        ready!(this.poll_progress(context, flushed))?;
        if this.exchange.flushed() {
            if !this.withheld.is_empty() {
                context.waker().wake_by_ref();
            } else if this.pace.is_between() {
                this.slot.set_idle(context.waker());
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
