//! Access to organizations and applications: the check that a use case begins with, and its errors.

use crate::{
    Actor, ApplicationId, ApplicationRole, Memberships, OrganizationId, Permission, Principal, QuotaExceeded, Role,
    StoreError, UserId,
};

/// The organization or the application that an operation accesses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// An organization.
    Organization(OrganizationId),
    /// An application. Users have access to it by their role in its organization.
    Application(ApplicationId),
}

impl From<OrganizationId> for Scope {
    fn from(id: OrganizationId) -> Self {
        Self::Organization(id)
    }
}

impl From<ApplicationId> for Scope {
    fn from(id: ApplicationId) -> Self {
        Self::Application(id)
    }
}

/// Why the caller has no access. Use cases that fail for no other reason return it, others embed it.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// The organization or application does not exist, or the caller must not learn that it exists.
    #[error("there is no such organization or application")]
    NotFound(Scope),
    /// The role of the user or the permissions of the API key do not allow the operation.
    #[error("your role or key does not allow this")]
    Forbidden {
        /// The organization whose audit trail records the denied attempt.
        organization: OrganizationId,
    },
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl AccessError {
    /// Returns [`Self::NotFound`] for an organization or an application.
    #[must_use]
    pub fn not_found(scope: impl Into<Scope>) -> Self {
        Self::NotFound(scope.into())
    }
}

/// Why a resource with a quota was not created or changed.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// The caller has no access.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// A quota is used up.
    #[error(transparent)]
    Quota(#[from] QuotaExceeded),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The member who performs an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActingMember {
    /// The user.
    pub user: UserId,
    /// The organization of the operation.
    pub organization: OrganizationId,
    /// The role of the user in it.
    pub role: Role,
}

/// Turns the result of an authorization rule of the organization into an error.
///
/// # Errors
/// [`AccessError::Forbidden`] if the operation is not allowed.
pub const fn permit(allowed: bool, organization: OrganizationId) -> Result<(), AccessError> {
    if allowed { Ok(()) } else { Err(AccessError::Forbidden { organization }) }
}

impl dyn Memberships {
    /// Requires a user who has at least that role in the organization.
    ///
    /// # Errors
    /// [`AccessError::NotFound`] if the actor is not a user or not a member, [`AccessError::Forbidden`] if the role is
    /// lower, and [`AccessError::Store`] if storage failed.
    pub async fn require(
        &self,
        actor: &Actor,
        scope: impl Into<Scope>,
        lowest: Role,
    ) -> Result<ActingMember, AccessError> {
        let scope = scope.into();
        let user = actor.user().ok_or(AccessError::NotFound(scope))?;
        let found = match scope {
            Scope::Application(application) => self.application_role(application, user).await?,
            Scope::Organization(organization) => {
                self.role_of(organization, user).await?.map(|role| ApplicationRole { organization, role })
            }
        };
        let ApplicationRole { organization, role } = found.ok_or(AccessError::NotFound(scope))?;
        permit(role >= lowest, organization)?;
        Ok(ActingMember { user, organization, role })
    }

    /// Requires a user like `require`, or an API key like [`Actor::require_permission`].
    ///
    /// # Errors
    /// The errors of the two.
    pub async fn require_either(
        &self,
        actor: &Actor,
        scope: impl Into<Scope>,
        (lowest, permission): &(Role, Permission),
    ) -> Result<(), AccessError> {
        match actor.user() {
            Some(_) => self.require(actor, scope, *lowest).await.map(|_| ()),
            None => actor.require_permission(scope, permission),
        }
    }
}

impl Actor {
    /// Requires an API key of the application, or of any application of the organization, that has the permission.
    ///
    /// # Errors
    /// [`AccessError::NotFound`] if the actor is not such a key, and [`AccessError::Forbidden`] if the key lacks the
    /// permission.
    pub fn require_permission(&self, scope: impl Into<Scope>, permission: &Permission) -> Result<(), AccessError> {
        let scope: Scope = scope.into();
        match &self.principal {
            Principal::Application { application, organization, permissions, .. }
                if scope == Scope::Application(*application) || scope == Scope::Organization(*organization) =>
            {
                permit(permissions.contains(permission), *organization)
            }
            _ => Err(AccessError::NotFound(scope)),
        }
    }
}
