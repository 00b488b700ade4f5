//! What callers attach and only they understand: JSON objects, kept as text so that they come back to the byte.

mod error;
mod merge;

pub use error::DocumentError;
use error::{EMPTY, MAX_MEMBERS};

/// A JSON object in compact form, of at most so many bytes: no space between its tokens, one spelling for each string,
/// numbers as they were written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document<const MAX: usize>(String);

/// A document of the size that organizations and users keep: 64 KiB.
pub type DataDocument = Document<{ 64 * 1024 }>;

impl<const MAX: usize> Document<MAX> {
    /// The largest object, in bytes of its compact form in UTF-8.
    pub const MAX_BYTES: usize = MAX;
    /// The most members that an object may have, at whatever depth. Whoever parses a text holds it to that; here, it is what
    /// a merge may make.
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

    /// Takes compact JSON that a parser has read. There is no parser here, so this looks at the outline only.
    fn try_from(json: String) -> Result<Self, DocumentError> {
        let json = object(json)?;
        if json.len() > MAX {
            return Err(DocumentError::TooLong { max: MAX });
        }
        Ok(Self(json))
    }
}

/// A change to a document (RFC 7396), itself an object in compact form. What it leaves behind is bounded, it is not.
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

/// What is to become of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DocumentChange<const MAX: usize> {
    /// Another takes its place.
    Replace(Document<MAX>),
    /// Some of its members change.
    Merge(MergePatch),
}

impl<const MAX: usize> DocumentChange<MAX> {
    /// The document after the change.
    ///
    /// # Errors
    /// [`DocumentError::TooLong`] or [`DocumentError::TooManyMembers`] when a merge makes it too large.
    pub fn apply(self, current: &Document<MAX>) -> Result<Document<MAX>, DocumentError> {
        match self {
            Self::Replace(document) => Ok(document),
            Self::Merge(patch) => merge::merged(&current.0, &patch.0)?.try_into(),
        }
    }
}
