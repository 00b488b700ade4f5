//! What documents of all kinds have in common.

use serde_json::value::RawValue;
use tessera_kernel::{DataDocument, Document, DocumentChange, MergePatch};
use utoipa::ToSchema;

use crate::{
    extract::{Fields, Request, limits},
    openapi::schema,
    problem::{Code, Problem},
};

/// The document as it goes over the wire: to the byte as it was stored.
pub(super) fn raw<const MAX: usize>(document: &Document<MAX>) -> Result<Box<RawValue>, Problem> {
    let raw = RawValue::from_string(document.as_json().to_owned());
    raw.map_err(|_| Problem::new(Code::Internal).caused_by("a stored document is no JSON"))
}

/// What is to become of data.
pub(super) type DataChange = DocumentChange<{ DataDocument::MAX_BYTES }>;

/// The data to be.
#[derive(ToSchema)]
pub(super) struct SetDataRequest {
    /// At most 65536 bytes in compact form, in place of all there were.
    #[schema(schema_with = schema::object)]
    pub(super) data: DataDocument,
}

impl Request for SetDataRequest {
    const MAX_BYTES: usize = limits::DOCUMENT;

    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { data: fields.required_object("data")? })
    }
}

/// What is to change in the data.
#[derive(ToSchema)]
pub(super) struct MergeDataRequest {
    /// A JSON Merge Patch (RFC 7396): members that are `null` go, others are added or replaced, objects are merged. What
    /// comes of it has at most 65536 bytes in compact form, and 500 members in each object that was merged.
    #[schema(schema_with = schema::object)]
    pub(super) data: MergePatch,
}

impl Request for MergeDataRequest {
    const MAX_BYTES: usize = limits::DOCUMENT;

    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { data: fields.required_object("data")? })
    }
}
