//! Reading a body no further than its bound.

use std::time::Duration;

use actix_web::{
    HttpRequest,
    dev::Payload,
    error::PayloadError,
    http::header::CONTENT_LENGTH,
    rt::time::timeout,
    web::{Bytes, BytesMut},
};
use futures_util::StreamExt;

use super::{MAX_BYTES, Unread};
use crate::problem::{Code, Problem};

/// Refuses a body that announces itself as too large, before any of it is read.
pub(super) fn declared_length(request: &HttpRequest) -> Result<(), Problem> {
    let declared = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    // A length that fits no integer is beyond any bound; one that is no number never gets here.
    let fits = |length: &str| length.parse::<usize>().is_ok_and(|length| length <= MAX_BYTES);
    if declared.is_none_or(fits) { Ok(()) } else { Err(Code::BodyTooLarge.into()) }
}

/// How long a body may take to come. A client that sends it byte by byte must not hold a place for ever.
const PATIENCE: Duration = Duration::from_secs(30);

/// The whole body, if it comes in time. What is not read to its end stays unread.
pub(super) async fn whole(unread: &Unread) -> Result<Bytes, Problem> {
    let mut payload = unread.take();
    let gathered = timeout(PATIENCE, gather(&mut payload)).await.map_err(|_| Code::RequestTimeout.into()).flatten();
    if gathered.is_err() {
        unread.put_back(payload);
    }
    gathered
}

/// The whole body. It is counted while it comes, since not every body announces its length.
async fn gather(payload: &mut Payload) -> Result<Bytes, Problem> {
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| broken(&error))?;
        if body.len() + chunk.len() > MAX_BYTES {
            return Err(Code::BodyTooLarge.into());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

fn broken(error: &PayloadError) -> Problem {
    match error {
        PayloadError::Overflow => Code::BodyTooLarge.into(),
        _ => Code::IncompleteBody.into(),
    }
}
