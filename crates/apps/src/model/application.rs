//! Something that an organization runs and lets its users sign in to.

use tessera_kernel::{ApplicationId, OrganizationId, text_value};
use time::OffsetDateTime;

use super::RedirectUris;

text_value! {
    /// What an application is called.
    ApplicationName, single_line, 100;
    /// What it is for.
    ApplicationDescription, multi_line, 1000;
}

/// An application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    /// The application's id.
    pub id: ApplicationId,
    /// Who owns it.
    pub organization_id: OrganizationId,
    /// What it is called.
    pub name: ApplicationName,
    /// What it is for.
    pub description: Option<ApplicationDescription>,
    /// Where its sign-ins may return to.
    pub redirect_uris: RedirectUris,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// When it last changed.
    pub updated_at: OffsetDateTime,
}
