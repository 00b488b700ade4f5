//! JSON objects that callers attach to resources. They are stored as text, so that they are returned byte for byte.

mod error;
mod merge;
mod versioned;

pub use error::DocumentError;
use error::{EMPTY, MAX_MEMBERS};
pub use versioned::{DocumentWrite, DocumentWriteError, VersionedDocument};

/// A JSON object in compact form, of at most `MAX` bytes. Compact form has no space between tokens, one spelling for
/// each string, and numbers as the caller wrote them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document<const MAX: usize>(String);

/// The document size for data of organizations and users: 64 KiB.
pub type DataDocument = Document<{ 64 * 1024 }>;

impl<const MAX: usize> Document<MAX> {
    /// The largest object, in bytes of its compact form in UTF-8.
    pub const MAX_BYTES: usize = MAX;
    /// The largest number of members of one object, at any depth. The parser enforces it for input. This type enforces
    /// it for the result of a merge.
    pub const MAX_MEMBERS: usize = MAX_MEMBERS;

    /// The object as compact JSON.
    #[must_use]
    pub fn as_json(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> Default for Document<MAX> {
    fn default() -> Self {
        Self(EMPTY.to_owned())
    }
}

impl<const MAX: usize> TryFrom<String> for Document<MAX> {
    type Error = DocumentError;

    /// Accepts compact JSON from a parser. This crate has no parser, so it checks only the enclosing braces and the
    /// length.
    fn try_from(json: String) -> Result<Self, DocumentError> {
        let json = object(json)?;
        if json.len() > MAX {
            return Err(DocumentError::TooLong { max: MAX });
        }
        Ok(Self(json))
    }
}

/// A change to a document (RFC 7396), itself an object in compact form. The size of the result is limited, the size of
/// the patch is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergePatch(String);

impl TryFrom<String> for MergePatch {
    type Error = DocumentError;

    fn try_from(json: String) -> Result<Self, DocumentError> {
        object(json).map(Self)
    }
}

fn object(json: String) -> Result<String, DocumentError> {
    if json.starts_with('{') && json.ends_with('}') { Ok(json) } else { Err(DocumentError::NotAnObject) }
}

/// A change to a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DocumentChange {
    /// Replaces the whole document.
    Replace(DataDocument),
    /// Applies a merge patch.
    Merge(MergePatch),
}

impl DocumentChange {
    /// Returns the document after the change.
    ///
    /// # Errors
    /// [`DocumentError::TooLong`] or [`DocumentError::TooManyMembers`] if the result of a merge is too large.
    pub fn apply(self, current: &DataDocument) -> Result<DataDocument, DocumentError> {
        match self {
            Self::Replace(document) => Ok(document),
            Self::Merge(patch) => merge::merged(&current.0, &patch.0)?.try_into(),
        }
    }
}
