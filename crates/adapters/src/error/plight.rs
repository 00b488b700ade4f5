//! Kinds of errors that pass.

/// Trouble that passes by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plight {
    /// Others were faster. The same statement may succeed in a moment.
    Busy,
    /// The disk is full.
    Full,
    /// The server can't do it now.
    Unavailable,
    /// The connection is of no more use.
    Lost,
}
