//! Roles, and the question that every tenant-owned thing asks before it answers.

use std::{fmt, str::FromStr};

use async_trait::async_trait;

use crate::{ApplicationId, OrganizationId, StoreError, UserId};

/// What a member may do in an organization. The order is the order of power.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Reads what the organization owns.
    Member,
    /// Also manages members up to their own role, applications, keys and inventory.
    Admin,
    /// May do everything; an organization always keeps one.
    Owner,
}

/// The text names no role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be one of owner, admin, member")]
pub struct RoleError;

impl Role {
    /// The role's name in the API and in storage.
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

/// Where a user stands towards an application: its organization, and their role there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The organization that owns the application.
    pub organization: OrganizationId,
    /// The user's role in it.
    pub role: Role,
}

/// Tells roles as they are in storage now. The domains that live inside an organization ask it at each request.
#[async_trait]
pub trait Memberships: Send + Sync {
    /// The role of the user who makes the request. `Ok(None)` when they are no member or the organization does not exist:
    /// the two look alike.
    ///
    /// The request makes the profile of a member visible to the other members, if it was hidden since a direct addition by
    /// user id. It is written once, by one conditional statement; later requests only read.
    async fn role_of(&self, organization: OrganizationId, user: UserId) -> Result<Option<Role>, StoreError>;

    /// The standing of the user who makes the request towards an application. `Ok(None)` when it does not exist or they are
    /// no member. It makes the profile visible as [`Self::role_of`] does.
    async fn standing_in(&self, application: ApplicationId, user: UserId) -> Result<Option<Standing>, StoreError>;
}
