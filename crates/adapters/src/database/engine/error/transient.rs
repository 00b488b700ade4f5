//! Kinds of temporary errors.

/// Kind of a temporary error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TransientError {
    /// A concurrent operation came first. A retry of the same statement may soon succeed.
    Busy,
    /// The disk is full.
    Full,
    /// The server cannot run the statement now.
    Unavailable,
    /// The connection is not usable any more.
    Lost,
}
