//! Reading of a body up to its size limit.

use std::{io, ops::Deref, sync::Arc};

use actix_web::{
    HttpRequest,
    dev::Payload,
    error::PayloadError,
    http::header::CONTENT_LENGTH,
    web::{Bytes, BytesMut, Data},
};
use futures_util::StreamExt;

use crate::{
    extract::{
        json::limits::{Share, too_large},
        unread_payload::UnreadPayload,
    },
    problem::{Code, Problem},
    state::AppState,
};

/// Rejects a body whose `Content-Length` exceeds the limit, before the body is read.
pub(crate) fn declared_length(request: &HttpRequest, limit: usize) -> Result<(), Problem> {
    let declared = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    // A length that does not fit `usize` exceeds every limit. A length that is not a number does not reach this code.
    let fits = |length: &str| length.parse::<usize>().is_ok_and(|length| length <= limit);
    if declared.is_none_or(fits) { Ok(()) } else { Err(too_large(limit)) }
}

/// A body and the memory that it has reserved.
pub(crate) struct ReadBody {
    bytes: Bytes,
    _share: Share,
}

impl ReadBody {
    /// A payload with the same bytes, for another reader.
    pub(crate) fn again(&self) -> Payload {
        if self.bytes.is_empty() { Payload::None } else { self.bytes.clone().into() }
    }
}

impl Deref for ReadBody {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

pub(crate) struct Reader {
    unread: UnreadPayload,
    share: Share,
    limit: usize,
}

impl Reader {
    pub(crate) fn of(request: &HttpRequest, limit: usize) -> Self {
        let memory = request.app_data::<Data<AppState>>().map(|state| Arc::clone(&state.bodies)).unwrap_or_default();
        Self { unread: UnreadPayload::of(request), share: Share::of(memory), limit }
    }

    /// Reads the whole body. If this fails, the payload is put back for [`UnreadPayload`]. The server below limits the time.
    pub(crate) async fn read_body(self) -> Result<ReadBody, Problem> {
        let Self { unread, mut share, limit } = self;
        let mut payload = unread.take();
        match gather(&mut payload, &mut share, limit).await {
            Ok(bytes) => Ok(ReadBody { bytes, _share: share }),
            Err(problem) => {
                unread.put_back(payload);
                Err(problem)
            }
        }
    }
}

/// Reads the chunks and counts their bytes, because not every body declares its length.
async fn gather(payload: &mut Payload, share: &mut Share, limit: usize) -> Result<Bytes, Problem> {
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| broken(&error, limit))?;
        if body.len() + chunk.len() > limit {
            return Err(too_large(limit));
        }
        share.grow(chunk.len())?;
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

fn broken(error: &PayloadError, limit: usize) -> Problem {
    match error {
        PayloadError::Overflow => too_large(limit),
        PayloadError::Io(error) if error.kind() == io::ErrorKind::TimedOut => Code::RequestTimeout.into(),
        _ => Code::IncompleteBody.into(),
    }
}
