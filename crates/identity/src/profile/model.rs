//! Avatars of users.

mod avatar_url;

pub use avatar_url::{AvatarUrl, AvatarUrlError};
