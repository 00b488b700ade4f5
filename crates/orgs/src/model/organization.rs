//! The tenant.

use tessera_kernel::{OrganizationId, text_value};
use time::OffsetDateTime;

use super::Slug;

text_value! {
    /// What an organization is called.
    OrganizationName, single_line, 100;
}

/// An organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    /// The organization's id.
    pub id: OrganizationId,
    /// What it is called.
    pub name: OrganizationName,
    /// Its unique short name.
    pub slug: Slug,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// When it last changed.
    pub updated_at: OffsetDateTime,
}
