//! Rate limits of all features.

pub use crate::{
    invitations::limits::{INVITE, INVITE_ADDRESS, INVITE_UNVERIFIED, SenderKind},
    members::add_member::ADD_MEMBER,
};
