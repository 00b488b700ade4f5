//! Builders of documents of organizations and users.

use tessera_kernel::{DataDocument, DocumentChange, DocumentWrite, Precondition, VersionedDocument};
use time::Duration;

use super::NOW;
use crate::expectations::ok;

/// A document with the given JSON text.
#[must_use]
pub fn data_document(json: &str) -> DataDocument {
    ok(json.to_owned().try_into())
}

/// A document in version 1.
#[must_use]
pub fn document() -> VersionedDocument {
    VersionedDocument {
        data: data_document(r#"{"colour":"grün","z":[1.50,null]}"#),
        version: 1,
        created_at: NOW + Duration::microseconds(7),
        updated_at: NOW + Duration::microseconds(8),
    }
}

/// A write that replaces the document unconditionally.
#[must_use]
pub fn replace(json: &str) -> DocumentWrite {
    DocumentWrite { change: DocumentChange::Replace(data_document(json)), precondition: Precondition::Anything }
}

/// A write that merges the patch into the document unconditionally.
#[must_use]
pub fn merge(json: &str) -> DocumentWrite {
    let change = DocumentChange::Merge(ok(json.to_owned().try_into()));
    DocumentWrite { change, precondition: Precondition::Anything }
}
