//! The request body until it has been read completely.

use std::{
    cell::RefCell,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use actix_web::{
    HttpMessage, HttpRequest,
    body::{BodySize, BoxBody, MessageBody},
    dev::{Payload, ServiceRequest, ServiceResponse},
    web::Bytes,
};

/// Shared slot for the request body. The middleware fills it, and the extractor takes the body from it.
///
/// If a request is rejected before its body has arrived, the connection must be closed. The framework closes it only if
/// the body is still held when the response is sent. If the body was dropped, the framework waits for its end, which
/// never comes for an endless chunked body.
#[derive(Clone, Default)]
pub(crate) struct UnreadPayload(Rc<RefCell<Option<Payload>>>);

impl UnreadPayload {
    /// Takes the body out of the request, so that it is not dropped early.
    pub(crate) fn keep(request: &mut ServiceRequest) -> Self {
        let unread = Self::default();
        unread.put_back(request.take_payload());
        request.extensions_mut().insert(unread.clone());
        unread
    }

    /// The slot of a request.
    pub(crate) fn of(request: &HttpRequest) -> Self {
        request.extensions().get::<Self>().cloned().unwrap_or_default()
    }

    pub(crate) fn take(&self) -> Payload {
        self.0.take().unwrap_or(Payload::None)
    }

    pub(crate) fn put_back(&self, payload: Payload) {
        if !matches!(payload, Payload::None) {
            self.0.replace(Some(payload));
        }
    }

    /// Keeps the unread rest of the body until the response is sent.
    pub(crate) fn go_with(&self, answer: ServiceResponse) -> ServiceResponse {
        match self.0.take() {
            Some(unread) => answer.map_body(|_, body| Holding { body, _unread: unread }.boxed()),
            None => answer,
        }
    }
}

/// The body of a response, together with the unread rest of the request body.
struct Holding {
    body: BoxBody,
    _unread: Payload,
}

impl MessageBody for Holding {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.get_mut().body).poll_next(context)
    }
}
