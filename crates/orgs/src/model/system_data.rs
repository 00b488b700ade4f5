//! What an organization and its applications keep about a member.

use tessera_kernel::{DataDocument, OrganizationId, UserId};
use time::OffsetDateTime;

/// The data of one user in one organization. It stays when the user leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SystemData {
    /// Whose data they are.
    pub organization_id: OrganizationId,
    /// Whom they are about.
    pub user_id: UserId,
    /// The data.
    pub data: DataDocument,
    /// 1 when first written, one more with each change.
    pub version: i64,
    /// When they were first written.
    pub created_at: OffsetDateTime,
    /// When they last changed.
    pub updated_at: OffsetDateTime,
}

/// That there are data of a user, without the data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SystemDataEntry {
    /// Whom they are about.
    pub user_id: UserId,
    /// Their version.
    pub version: i64,
    /// When they last changed.
    pub updated_at: OffsetDateTime,
}
