//! Custom data of users.

use tessera_kernel::{DataDocument, UserId};
use time::OffsetDateTime;

use crate::accounts::model::User;

/// The custom data of a user. Only this user can access it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomData {
    /// The owner of the data.
    pub user_id: UserId,
    /// The data.
    pub data: DataDocument,
    /// 0 before the first write. Each change adds 1.
    pub version: i64,
    /// Time of the first write.
    pub created_at: OffsetDateTime,
    /// Time of the last change.
    pub updated_at: OffsetDateTime,
}

impl CustomData {
    /// Returns the empty data of a user who has not written any yet.
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
