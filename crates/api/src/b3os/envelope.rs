//! The envelope of all responses of the B3OS API.

use actix_web::HttpResponse;
use serde::Serialize;
use utoipa::ToSchema;

use crate::problem::FieldError;

/// A success: the status, the data and the id of the request.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Envelope<T> {
    /// The HTTP status.
    #[schema(example = 200)]
    code: u16,
    /// The result.
    data: T,
    /// A short text for people.
    #[schema(example = "success")]
    message: &'static str,
    /// The request id, also in the header `X-Request-Id`.
    #[schema(example = "0198c2f0-4a6b-7cc4-9d1e-2f6a1b3c4d5e")]
    request_id: String,
}

/// A list: the status, the entries and whether more of them follow.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ListEnvelope<T> {
    /// The HTTP status.
    #[schema(example = 200)]
    code: u16,
    /// The entries.
    data: Vec<T>,
    /// Whether more entries follow.
    #[schema(example = false)]
    has_more: bool,
    /// A short text for people.
    #[schema(example = "success")]
    message: &'static str,
    /// The request id, also in the header `X-Request-Id`.
    #[schema(example = "0198c2f0-4a6b-7cc4-9d1e-2f6a1b3c4d5e")]
    request_id: String,
}

/// A success without data.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct EmptyEnvelope {
    /// The HTTP status.
    #[schema(example = 200)]
    code: u16,
    /// A short text for people.
    #[schema(example = "success")]
    message: &'static str,
    /// The request id, also in the header `X-Request-Id`.
    #[schema(example = "0198c2f0-4a6b-7cc4-9d1e-2f6a1b3c4d5e")]
    request_id: String,
}

/// A failure. `docs/errors.md` describes all failures by their text.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = FailureEnvelope)]
pub(crate) struct FailureEnvelope<'a> {
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599, example = 404)]
    pub(crate) code: u16,
    /// A description of the failure, for people.
    #[schema(example = "the API key does not exist, or you have no access to it")]
    pub(crate) message: &'a str,
    /// The request id, also in the header `X-Request-Id`.
    #[schema(example = "0198c2f0-4a6b-7cc4-9d1e-2f6a1b3c4d5e")]
    pub(crate) request_id: &'a str,
    /// All field errors of the body. Absent in other failures.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[schema(required = false)]
    pub(crate) errors: &'a [FieldError],
}

const CODE: u16 = 200;
const MESSAGE: &str = "success";

/// The response with one object.
pub(super) fn one<T: Serialize>(request_id: &str, data: T) -> HttpResponse {
    HttpResponse::Ok().json(Envelope { code: CODE, data, message: MESSAGE, request_id: request_id.to_owned() })
}

/// The response with a slice of a list.
pub(super) fn list<T: Serialize>(request_id: &str, data: Vec<T>, has_more: bool) -> HttpResponse {
    let request_id = request_id.to_owned();
    HttpResponse::Ok().json(ListEnvelope { code: CODE, data, has_more, message: MESSAGE, request_id })
}

/// The response without data.
pub(super) fn empty(request_id: &str) -> HttpResponse {
    HttpResponse::Ok().json(EmptyEnvelope { code: CODE, message: MESSAGE, request_id: request_id.to_owned() })
}
