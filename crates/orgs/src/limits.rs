//! Rate limits of all features.

pub use crate::invitations::limits::SenderKind;
