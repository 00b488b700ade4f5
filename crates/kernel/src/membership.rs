//! Roles, and the port that returns the role of a user.

use std::{fmt, str::FromStr};

use async_trait::async_trait;

use crate::{ApplicationId, OrganizationId, StoreError, UserId};

/// The role of a member in an organization. The order is from fewest to most rights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Reads the resources of the organization.
    Member,
    /// Also manages members up to their own role, applications, keys and inventory.
    Admin,
    /// Has all rights. An organization always has at least one owner.
    Owner,
}

/// The text is not the name of a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be one of owner, admin, member")]
pub struct RoleError;

impl Role {
    /// The name of the role in the API and in storage.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = RoleError;

    fn from_str(text: &str) -> Result<Self, RoleError> {
        [Self::Member, Self::Admin, Self::Owner].into_iter().find(|role| role.as_str() == text).ok_or(RoleError)
    }
}

/// What decides about the access of a member to an organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemberAccess {
    /// The role of the member.
    pub role: Role,
    /// Whether the organization requires a session with MFA.
    pub mfa_required: bool,
}

/// The organization of an application, and the access of a user to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApplicationRole {
    /// The organization that owns the application.
    pub organization: OrganizationId,
    /// The user's access to it.
    pub access: MemberAccess,
}

/// Returns current roles. A storage may answer from memory if it learns of every change within a second. Domains whose resources belong to an organization call it for each request.
#[async_trait]
pub trait Memberships: Send + Sync {
    /// Returns the access of the user who makes the request. `Ok(None)` if the user is not a member or the organization
    /// does not exist; the caller cannot distinguish the two.
    ///
    /// The call makes the profile of a member visible to the other members, if it was hidden since a direct addition by
    /// user id. One conditional statement writes this once; later calls only read.
    async fn member_access(
        &self,
        organization: OrganizationId,
        user: UserId,
    ) -> Result<Option<MemberAccess>, StoreError>;

    /// Does the same as [`Self::member_access`], and returns only the role.
    async fn role_of(&self, organization: OrganizationId, user: UserId) -> Result<Option<Role>, StoreError> {
        Ok(self.member_access(organization, user).await?.map(|access| access.role))
    }

    /// Returns the organization of an application and the access to it of the user who makes the request. `Ok(None)` if
    /// the application does not exist or the user is not a member. The call makes the profile visible, like
    /// [`Self::member_access`].
    async fn application_role(
        &self,
        application: ApplicationId,
        user: UserId,
    ) -> Result<Option<ApplicationRole>, StoreError>;

    /// Returns the organization of an application. `Ok(None)` if the application does not exist.
    async fn organization_of(&self, application: ApplicationId) -> Result<Option<OrganizationId>, StoreError>;

    /// Returns the first two organizations that a user has opened, in ascending order of their ids. Two show that there
    /// are several. Organizations to which others have added the user count only if the user has opened none.
    async fn first_organizations_of(&self, user: UserId) -> Result<Vec<OrganizationId>, StoreError>;
}
