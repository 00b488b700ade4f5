//! Settings of an organization.

use tessera_kernel::{DataDocument, OrganizationId};
use time::OffsetDateTime;

use crate::organizations::model::Organization;

/// The settings of an organization. Their meaning is defined by the applications that read them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The organization.
    pub organization_id: OrganizationId,
    /// The settings.
    pub settings: DataDocument,
    /// 0 before the first write. Each write adds 1.
    pub version: i64,
    /// Time of the last change.
    pub updated_at: OffsetDateTime,
}

impl Settings {
    /// Returns the settings of an organization before the first write: an empty document in version 0.
    #[must_use]
    pub fn untouched(organization: &Organization) -> Self {
        let settings = DataDocument::default();
        Self { organization_id: organization.id, settings, version: 0, updated_at: organization.created_at }
    }
}
