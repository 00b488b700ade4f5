//! The body of a request for as long as nobody has read it to its end.

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

/// Where the edge leaves the body and the extractor finds it.
///
/// A connection whose request was refused before its body had come must be closed. The framework does so only while the body
/// is held by somebody until the answer is sent; of one that was let go it waits for the end, for ever if it is chunked.
#[derive(Clone, Default)]
pub(crate) struct Unread(Rc<RefCell<Option<Payload>>>);

impl Unread {
    /// Takes the body out of a request, so that nothing lets it go early.
    pub(crate) fn keep(request: &mut ServiceRequest) -> Self {
        let unread = Self::default();
        unread.put_back(request.take_payload());
        request.extensions_mut().insert(unread.clone());
        unread
    }

    /// The body of the request that an extractor is at.
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

    /// Holds what is left until the answer is sent.
    pub(crate) fn go_with(&self, answer: ServiceResponse) -> ServiceResponse {
        match self.0.take() {
            Some(unread) => answer.map_body(|_, body| Holding { body, _unread: unread }.boxed()),
            None => answer,
        }
    }
}

/// The body of an answer, and with it what is left of the request's.
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
