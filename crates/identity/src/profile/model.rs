//! Avatars and custom data of users.

mod avatar_url;
mod custom_data;

pub use avatar_url::{AvatarUrl, AvatarUrlError};
pub use custom_data::CustomData;
