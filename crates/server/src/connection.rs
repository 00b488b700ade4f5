//! A connection whose requests end where everybody thinks they do.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use actix_web::rt::net::TcpStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::framing::Framing;

/// What no head may hold. The decoder answers it with 400 and closes.
const FORBIDDEN: u8 = 0;

/// How much of what follows a fault is read away at once, in buffers of 4 KiB.
const READ_AWAY: usize = 64;

/// A stream, passed on as it is up to the first byte that another reader, such as a proxy in front, could take differently.
///
/// The decoder takes a bare line feed as the end of a line, and lets a malformed chunk end the connection without a word. A
/// line feed of a head comes to it as a byte that it refuses; a body breaks off before its fault, which is answered as such.
pub(crate) struct Connection {
    stream: TcpStream,
    framing: Framing,
    broken: bool,
}

impl Connection {
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self { stream, framing: Framing::default(), broken: false }
    }

    /// Looks at what has been read into the buffer since it was filled so far, and takes away what can't be passed on.
    fn follow(&mut self, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>, before: usize) {
        let Err(at) = self.framing.follow(&buffer.filled()[before..]) else { return };
        self.broken = true;
        buffer.set_filled(before + at);
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
}

impl AsyncRead for Connection {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        match this.broken {
            // An end here would keep the decoder from requests that came before the fault and wait for their turn.
            true if this.framing.in_head() => this.poll_read_away(context),
            true => Poll::Ready(Ok(())),
            false => {
                let before = buffer.filled().len();
                ready!(Pin::new(&mut this.stream).poll_read(context, buffer))?;
                this.follow(context, buffer, before);
                Poll::Ready(Ok(()))
            }
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
