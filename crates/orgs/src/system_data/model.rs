//! System data: data that an organization and its applications store about a user.

use tessera_kernel::{DataDocument, OrganizationId, UserId};
use time::OffsetDateTime;

/// The data of one user in one organization. They are kept when the user leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SystemData {
    /// The organization that owns the data.
    pub organization_id: OrganizationId,
    /// The user that the data belong to.
    pub user_id: UserId,
    /// The data.
    pub data: DataDocument,
    /// 1 after the first write. Each write adds 1.
    pub version: i64,
    /// Time of the first write.
    pub created_at: OffsetDateTime,
    /// Time of the last change.
    pub updated_at: OffsetDateTime,
}

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
