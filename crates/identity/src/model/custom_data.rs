//! What users keep about themselves.

use tessera_kernel::{DataDocument, UserId};
use time::OffsetDateTime;

use super::User;

/// The data of a user, theirs alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomData {
    /// Whose they are.
    pub user_id: UserId,
    /// The data.
    pub data: DataDocument,
    /// 0 as long as nothing was written, then one more with each change.
    pub version: i64,
    /// When they were first written.
    pub created_at: OffsetDateTime,
    /// When they last changed.
    pub updated_at: OffsetDateTime,
}

impl CustomData {
    /// The data of a user who has written none yet.
    #[must_use]
    pub fn untouched(user: &User) -> Self {
        Self {
            user_id: user.id,
            data: DataDocument::default(),
            version: 0,
            created_at: user.created_at,
            updated_at: user.created_at,
        }
    }
}
