//! Why a text is not a document, and the limits that decide it.

/// The object without members.
pub(super) const EMPTY: &str = "{}";
/// The most members that an object may have.
pub(super) const MAX_MEMBERS: usize = 500;

/// The text can't be such a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// Not the text of an object.
    #[error("must be an object")]
    NotAnObject,
    /// Too many bytes.
    #[error("must have at most {max} bytes in compact form")]
    TooLong {
        /// The most there may be.
        max: usize,
    },
    /// An object in it has too many members.
    #[error("must have at most {max} members in each object")]
    TooManyMembers {
        /// The most there may be.
        max: usize,
    },
}
