//! The state of the request in progress, which a connection shares with its service.

use std::{
    cell::Cell,
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
};

use actix_http::{
    ConnectionType, Payload, Request, Response,
    body::{BodySize, BoxBody, MessageBody},
    error::PayloadError,
};
use actix_service::Service;
use bytes::Bytes;
use futures_core::Stream;

/// The maximum size of a piece of a response body. The dispatcher copies each piece into its own buffer.
const PIECE: usize = 16 * 1024;

#[derive(Default)]
pub(crate) struct Exchange {
    phase: Cell<Phase>,
    late: Cell<bool>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Idle,
    /// The dispatcher has the head of a request.
    Serving,
    /// The dispatcher has the whole response, but may not have written it yet.
    Responded,
}

impl Exchange {
    pub(crate) fn begin(&self) {
        self.phase.set(Phase::Serving);
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.phase.get() == Phase::Idle
    }

    /// Records that the dispatcher has written all its bytes. Returns whether this ended an exchange.
    pub(crate) fn flushed(&self) -> bool {
        let ended = self.phase.get() == Phase::Responded;
        if ended {
            self.phase.set(Phase::Idle);
        }
        ended
    }

    /// Records that the server no longer waits for the body in progress.
    pub(crate) fn set_late(&self) {
        self.late.set(true);
    }
}

/// Calls the service with a request and tracks the exchange. For `apply_fn_factory`.
///
/// If `Connection::share` was not called for the connection, it only splits the response into pieces.
///
/// # Errors
/// None: an error of the service becomes its response.
pub fn exchange<S>(
    mut request: Request,
    service: &S,
) -> impl Future<Output = Result<Response<Guarded>, S::Error>> + use<S>
where
    S: Service<Request>,
    S::Response: Into<Response<BoxBody>>,
    S::Error: Into<Response<BoxBody>>,
{
    let exchange = request.conn_data::<Rc<Exchange>>().cloned().unwrap_or_default();
    match request.take_payload() {
        Payload::None => {}
        payload => {
            let watched = Watched { payload, exchange: Rc::clone(&exchange) };
            *request.payload() = Payload::Stream { payload: Box::pin(watched) };
        }
    }
    // The dispatcher closes the connection after a request with `Connection: upgrade`, but would respond with
    // `connection: upgrade`.
    let closes = request.head().connection_type() == ConnectionType::Upgrade;
    let call = service.call(request);
    async move {
        let mut response = call.await.map_or_else(Into::into, Into::into);
        if closes {
            response.head_mut().set_connection_type(ConnectionType::Close);
        }
        Ok(response.map_body(|_, body| Guarded { body, piece: Bytes::new(), exchange }))
    }
}

/// The body of a request. If the client is too slow, the error is a timeout instead of an incomplete payload.
struct Watched {
    payload: Payload,
    exchange: Rc<Exchange>,
}

impl Stream for Watched {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let item = ready!(Pin::new(&mut self.payload).poll_next(context));
        Poll::Ready(match item {
            Some(Err(PayloadError::Incomplete(_))) if self.exchange.late.get() => {
                Some(Err(PayloadError::Io(io::ErrorKind::TimedOut.into())))
            }
            item => item,
        })
    }
}

/// The body of a response, in small pieces. When it is dropped, the dispatcher has all of it.
pub struct Guarded {
    body: BoxBody,
    piece: Bytes,
    exchange: Rc<Exchange>,
}

impl MessageBody for Guarded {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        if self.piece.is_empty() {
            match ready!(Pin::new(&mut self.body).poll_next(context)) {
                Some(Ok(piece)) => self.piece = piece,
                end => return Poll::Ready(end),
            }
        }
        let size = self.piece.len().min(PIECE);
        Poll::Ready(Some(Ok(self.piece.split_to(size))))
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        self.exchange.phase.set(Phase::Responded);
    }
}
