//! Document errors and limits.

pub(super) const EMPTY: &str = "{}";
pub(super) const MAX_MEMBERS: usize = 500;

/// Why a text is not a valid document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// The text is not a JSON object.
    #[error("must be an object")]
    NotAnObject,
    /// The document has too many bytes.
    #[error("must have at most {max} bytes in compact form")]
    TooLong {
        /// The largest number of bytes.
        max: usize,
    },
    /// An object in the document has too many members.
    #[error("must have at most {max} members in each object")]
    TooManyMembers {
        /// The largest number of members.
        max: usize,
    },
}
