//! Organizations, the tenants of the service.

mod slug;

use tessera_kernel::{OrganizationId, text_value};
use time::OffsetDateTime;

pub use slug::{Slug, SlugError};

text_value! {
    /// The display name of an organization.
    OrganizationName, single_line, 100;
}

/// An organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    /// The organization's id.
    pub id: OrganizationId,
    /// The display name.
    pub name: OrganizationName,
    /// Its unique short name.
    pub slug: Slug,
    /// Creation time.
    pub created_at: OffsetDateTime,
    /// Time of the last change.
    pub updated_at: OffsetDateTime,
    /// Whether members need a session with MFA. Keys do not.
    pub mfa_required: bool,
}
