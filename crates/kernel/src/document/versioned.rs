//! Documents with a version, and conditional writes to them.

use time::OffsetDateTime;

use super::{DataDocument, DocumentChange, DocumentError};
use crate::precondition::Precondition;

/// A document with the version that its entity tag contains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionedDocument {
    /// The content.
    pub data: DataDocument,
    /// 0 before the first write. Each write adds 1.
    pub version: i64,
    /// Time of creation. A write keeps it.
    pub created_at: OffsetDateTime,
    /// Time of the last write. Before the first write, the time of creation.
    pub updated_at: OffsetDateTime,
}

impl VersionedDocument {
    /// Returns the document before the first write: an empty object in version 0.
    #[must_use]
    pub fn unwritten(created_at: OffsetDateTime) -> Self {
        Self { data: DataDocument::default(), version: 0, created_at, updated_at: created_at }
    }
}

/// A write to a versioned document.
#[derive(Debug, Clone)]
pub struct DocumentWrite {
    /// The change. A missing document counts as empty.
    pub change: DocumentChange,
    /// The condition on the current version.
    pub precondition: Precondition,
}

/// Why a document was not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DocumentWriteError {
    /// The precondition does not hold: the document has changed.
    #[error("the document has changed meanwhile")]
    Stale,
    /// The merged document would be too large.
    #[error("the document is too large")]
    TooLarge(#[source] DocumentError),
}

impl DocumentWrite {
    /// Returns the document after the write. `None` is a document that does not exist, so this write creates it. The
    /// caller must hold a lock from the read of `current` to the write of the result.
    ///
    /// # Errors
    /// Fails when the precondition does not hold, or the merged document is too large.
    pub fn apply(
        self,
        current: Option<VersionedDocument>,
        now: OffsetDateTime,
    ) -> Result<VersionedDocument, DocumentWriteError> {
        if !self.precondition.holds(current.as_ref().map(|current| current.version)) {
            return Err(DocumentWriteError::Stale);
        }
        let current = current.unwrap_or_else(|| VersionedDocument::unwritten(now));
        let data = self.change.apply(&current.data).map_err(DocumentWriteError::TooLarge)?;
        Ok(VersionedDocument { data, version: current.version + 1, updated_at: now, ..current })
    }
}
