//! What an organization sets for itself.

use tessera_kernel::{DataDocument, OrganizationId};
use time::OffsetDateTime;

use super::Organization;

/// The settings of an organization. What they mean is for whoever reads them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Whose they are.
    pub organization_id: OrganizationId,
    /// The settings.
    pub settings: DataDocument,
    /// 0 as long as nothing was set, then one more with each change.
    pub version: i64,
    /// When they last changed.
    pub updated_at: OffsetDateTime,
}

impl Settings {
    /// The settings of an organization that has set nothing yet.
    #[must_use]
    pub fn untouched(organization: &Organization) -> Self {
        let settings = DataDocument::default();
        Self { organization_id: organization.id, settings, version: 0, updated_at: organization.created_at }
    }
}
