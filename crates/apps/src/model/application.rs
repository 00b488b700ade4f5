//! Applications.

use tessera_kernel::{ApplicationId, OrganizationId, Permission, PermissionSet, text_value};
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
    /// The permissions that the application adds to the catalogue of the service.
    pub permissions: DeclaredPermissions,
    /// When the application was created.
    pub created_at: OffsetDateTime,
    /// When the application last changed.
    pub updated_at: OffsetDateTime,
}

/// The permissions that an application declares: at most 100.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeclaredPermissions(PermissionSet);

/// There are more permissions than an application may declare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must have at most 100 entries")]
pub struct TooManyPermissions;

impl DeclaredPermissions {
    /// The maximum number of permissions.
    pub const MAX: usize = 100;

    /// The permissions, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = &Permission> {
        self.0.iter()
    }
}

impl TryFrom<PermissionSet> for DeclaredPermissions {
    type Error = TooManyPermissions;

    fn try_from(permissions: PermissionSet) -> Result<Self, TooManyPermissions> {
        if permissions.len() > Self::MAX { Err(TooManyPermissions) } else { Ok(Self(permissions)) }
    }
}
