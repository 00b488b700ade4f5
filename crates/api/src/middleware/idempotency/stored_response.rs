//! What is stored of a response: the status, some headers and the body.

use actix_web::{
    HttpResponse,
    http::{
        StatusCode,
        header::{CONTENT_TYPE, ETAG, HeaderName, HeaderValue, LOCATION},
    },
    web::Bytes,
};
use serde::{Deserialize, Serialize};
use tessera_kernel::SealFault;

const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// The headers that depend on the result. All others are those of the request that gets the response.
const HEADERS: [HeaderName; 3] = [CONTENT_TYPE, LOCATION, ETAG];

/// The end of the head, which is JSON in one line.
const END: u8 = b'\n';

pub(super) struct StoredResponse {
    head: Head,
    body: Bytes,
}

#[derive(Serialize, Deserialize)]
struct Head {
    status: u16,
    /// In the order of [`HEADERS`].
    headers: [Option<String>; 3],
}

impl StoredResponse {
    pub(super) fn of<B>(response: &HttpResponse<B>, body: &Bytes) -> Self {
        let value = |name| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let head = Head { status: response.status().as_u16(), headers: HEADERS.each_ref().map(value) };
        Self { head, body: body.clone() }
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        // A structure of numbers and texts is always valid JSON.
        let head = serde_json::to_vec(&self.head).unwrap_or_default();
        [&head, [END].as_slice(), &self.body].concat()
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, SealFault> {
        let end = bytes.iter().position(|byte| *byte == END).ok_or("the stored response has no head")?;
        let (head, body) = bytes.split_at(end);
        Ok(Self { head: serde_json::from_slice(head)?, body: Bytes::copy_from_slice(&body[1..]) })
    }

    /// The response for a repeated request.
    pub(super) fn replay(self) -> HttpResponse {
        let mut answer = HttpResponse::build(StatusCode::from_u16(self.head.status).unwrap_or(StatusCode::OK));
        for (name, value) in HEADERS.into_iter().zip(self.head.headers) {
            if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
                answer.insert_header((name, value));
            }
        }
        answer.insert_header((REPLAYED, HeaderValue::from_static("true")));
        answer.body(self.body)
    }
}
