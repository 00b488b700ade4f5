//! System data: data that an organization and its applications store about a user.

use tessera_kernel::UserId;
use time::OffsetDateTime;

/// List entry for the data of one user, without the data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SystemDataEntry {
    /// The user that the data belong to.
    pub user_id: UserId,
    /// The version of the data.
    pub version: i64,
    /// Time of the last change.
    pub updated_at: OffsetDateTime,
}
