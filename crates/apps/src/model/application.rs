//! Applications.

use tessera_kernel::{ApplicationId, OrganizationId, text_value};
use time::OffsetDateTime;

use super::RedirectUris;

text_value! {
    /// The name of an application.
    ApplicationName, single_line, 100;
    /// The purpose of an application.
    ApplicationDescription, multi_line, 1000;
}

/// An application of an organization. Users can sign in to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    /// The id.
    pub id: ApplicationId,
    /// The organization that owns the application.
    pub organization_id: OrganizationId,
    /// The name.
    pub name: ApplicationName,
    /// The purpose.
    pub description: Option<ApplicationDescription>,
    /// The registered redirect URIs for sign-ins.
    pub redirect_uris: RedirectUris,
    /// When the application was created.
    pub created_at: OffsetDateTime,
    /// When the application last changed.
    pub updated_at: OffsetDateTime,
}
