//! Requests, responses and conversions that all documents share.

use actix_web::HttpResponse;
use serde::Serialize;
use serde_json::{json, value::RawValue};
use tessera_kernel::{DataDocument, Document, MergePatch};
use utoipa::openapi::ObjectBuilder;

use crate::{
    extract::{etag, request},
    openapi::schema,
    problem::{Code, Problem},
};

/// Returns the document for the response, byte for byte as stored.
pub(super) fn raw<const MAX: usize>(document: &Document<MAX>) -> Result<Box<RawValue>, Problem> {
    let raw = RawValue::from_string(document.as_json().to_owned());
    raw.map_err(|_| Problem::new(Code::Internal).caused_by("a stored document is no JSON"))
}

/// Responds with the view of a document and with its entity tag.
pub(super) fn respond(version: i64, view: impl Serialize) -> HttpResponse {
    HttpResponse::Ok().insert_header(etag(version)).json(view)
}

/// The stored data in a view.
pub(super) fn stored_data() -> ObjectBuilder {
    let text = "The stored data, byte for byte.";
    schema::object().description(Some(text)).examples([json!({"level": 12, "badges": ["first-shell"]})])
}

request! {
    /// The new data.
    pub(super) struct SetDataRequest {
        /// The data, which replace the old data. At most 65536 bytes in compact form.
        pub(super) data: DataDocument = json!({"level": 12, "badges": ["first-shell"]}),
    }
}

request! {
    /// The changes to the data.
    pub(super) struct MergeDataRequest {
        /// A JSON Merge Patch (RFC 7396). `null` removes a member, other values add or replace one, and objects are
        /// merged. The result has at most 65536 bytes in compact form, and at most 500 members in each merged object.
        pub(super) data: MergePatch = json!({"level": 13, "badges": null}),
    }
}
