//! Access to organizations and applications: the check that a use case begins with, and its errors.

use uuid::Uuid;

use crate::{
    Actor, ActsAs, ApplicationId, ApplicationRole, KeyScope, MemberAccess, Memberships, OrganizationId, Permission,
    PermissionSet, Principal, QuotaExceeded, Role, ServiceAccountId, StoreError, UserId,
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

crate::error_enum! {
    /// Why the caller has no access. Use cases that fail for no other reason return it, others embed it.
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
        /// The organization key has the scope `read`, and the operation changes something.
        #[error("your key may only read")]
        ReadOnlyKey {
            /// The organization whose audit trail records the denied attempt.
            organization: OrganizationId,
        },
        /// The organization requires MFA, and the session of the user has only one factor.
        #[error("the organization requires a second factor")]
        MfaRequired {
            /// The organization whose audit trail records the denied attempt.
            organization: OrganizationId,
        },
    }
    from Store(StoreError)
}

impl AccessError {
    /// Returns [`Self::NotFound`] for an organization or an application.
    #[must_use]
    pub fn not_found(scope: impl Into<Scope>) -> Self {
        Self::NotFound(scope.into())
    }
}

crate::error_enum! {
    /// Why a resource with a quota was not created or changed.
    pub enum CreateError {}
    from Access(AccessError), Quota(QuotaExceeded), Store(StoreError)
}

/// Whether an operation changes anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessKind {
    /// The operation only reads.
    Read,
    /// The operation changes something, so keys with the scope `read` must not call it.
    Write,
}

/// What an operation on an organization or an application requires of its caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// The lowest role of a user, and of the user of a personal key.
    pub role: Role,
    /// The permission of a service account, and of a key of an application. `None`: only users may call the operation.
    pub permission: Option<Permission>,
    /// Whether keys of applications may call the operation.
    pub application_keys: bool,
    /// Whether the operation changes anything.
    pub kind: AccessKind,
    /// Whether members with one factor may call it although the organization requires MFA.
    pub without_mfa: bool,
}

impl Requirement {
    /// An operation that only reads.
    #[must_use]
    pub const fn read(role: Role, permission: Permission) -> Self {
        Self { role, permission: Some(permission), application_keys: false, kind: AccessKind::Read, without_mfa: false }
    }

    /// An operation that changes something.
    #[must_use]
    pub const fn write(role: Role, permission: Permission) -> Self {
        Self {
            role,
            permission: Some(permission),
            application_keys: false,
            kind: AccessKind::Write,
            without_mfa: false,
        }
    }

    /// A change that only users make, themselves or by a personal key.
    #[must_use]
    pub const fn write_by_users(role: Role) -> Self {
        Self { role, permission: None, application_keys: false, kind: AccessKind::Write, without_mfa: false }
    }

    /// The same operation, which keys of applications may call too.
    #[must_use]
    pub const fn or_application(mut self) -> Self {
        self.application_keys = true;
        self
    }

    /// The same operation, which members with one factor may call although the organization requires MFA.
    #[must_use]
    pub const fn even_without_mfa(mut self) -> Self {
        self.without_mfa = true;
        self
    }
}

/// The party that performs an operation, with the rights that it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActingParty {
    /// A member of the organization.
    Member {
        /// The user.
        user: UserId,
        /// The role of the user in the organization.
        role: Role,
        /// Whether the user acts through a personal key.
        by_key: bool,
    },
    /// A service account of the organization.
    ServiceAccount {
        /// The service account.
        account: ServiceAccountId,
        /// Its permissions.
        permissions: PermissionSet,
    },
    /// An application of the organization.
    Application {
        /// The application.
        application: ApplicationId,
        /// The permissions of its key.
        permissions: PermissionSet,
    },
}

impl ActingParty {
    /// The user, if a user acts.
    #[must_use]
    pub const fn user(&self) -> Option<UserId> {
        match self {
            Self::Member { user, .. } => Some(*user),
            Self::ServiceAccount { .. } | Self::Application { .. } => None,
        }
    }

    /// The id of the user, the service account or the application.
    #[must_use]
    pub const fn id(&self) -> Uuid {
        match self {
            Self::Member { user, .. } => user.as_uuid(),
            Self::ServiceAccount { account, .. } => account.as_uuid(),
            Self::Application { application, .. } => application.as_uuid(),
        }
    }

    /// The role of the user. `None` if no user acts.
    #[must_use]
    pub const fn role(&self) -> Option<Role> {
        match self {
            Self::Member { role, .. } => Some(*role),
            Self::ServiceAccount { .. } | Self::Application { .. } => None,
        }
    }

    /// The highest role that the party may grant, change or remove. A user who is signed in: the own role. A personal
    /// key: at most administrator, because changes of ownership require a sign-in. A service account: member, because
    /// any other role has rights that the service account may lack.
    #[must_use]
    pub fn highest_role(&self) -> Role {
        match self {
            Self::Member { role, by_key: false, .. } => *role,
            Self::Member { role, by_key: true, .. } => (*role).min(Role::Admin),
            Self::ServiceAccount { .. } | Self::Application { .. } => Role::Member,
        }
    }

    /// Returns whether the party itself has these permissions, which it may therefore give to others. Administrators
    /// and owners have all.
    #[must_use]
    pub fn has_all(&self, permissions: &PermissionSet) -> bool {
        match self {
            Self::Member { role, .. } => *role >= Role::Admin,
            Self::ServiceAccount { permissions: own, .. } | Self::Application { permissions: own, .. } => {
                permissions.iter().all(|permission| own.contains(permission))
            }
        }
    }

    /// Returns whether the rights of the party meet the requirement.
    #[must_use]
    pub fn meets(&self, requirement: &Requirement) -> bool {
        let has = |own: &PermissionSet| requirement.permission.as_ref().is_some_and(|needed| own.contains(needed));
        match self {
            Self::Member { role, .. } => *role >= requirement.role,
            Self::ServiceAccount { permissions, .. } | Self::Application { permissions, .. } => has(permissions),
        }
    }
}

/// The party that performs an operation, and the organization of the operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acting {
    /// The organization.
    pub organization: OrganizationId,
    /// The party.
    pub party: ActingParty,
}

/// Turns the result of an authorization rule of the organization into an error.
///
/// # Errors
/// [`AccessError::Forbidden`] if the operation is not allowed.
pub const fn permit(allowed: bool, organization: OrganizationId) -> Result<(), AccessError> {
    if allowed { Ok(()) } else { Err(AccessError::Forbidden { organization }) }
}

impl Actor {
    /// Requires a session with MFA if the organization requires it. Keys are not affected. It comes after the check of the
    /// membership, so that only members learn of the requirement.
    ///
    /// # Errors
    /// [`AccessError::MfaRequired`] if only one factor has authenticated the session of the user.
    pub const fn require_mfa(&self, required: bool, organization: OrganizationId) -> Result<(), AccessError> {
        if required && self.lacks_mfa() { Err(AccessError::MfaRequired { organization }) } else { Ok(()) }
    }
}

impl dyn Memberships {
    /// Requires a caller who has access to the organization or the application and meets the requirement.
    ///
    /// # Errors
    /// [`AccessError::NotFound`] if the caller has no access, [`AccessError::MfaRequired`] if the organization requires
    /// MFA and the session has only one factor, [`AccessError::Forbidden`] and [`AccessError::ReadOnlyKey`] if the rights
    /// are too low, and [`AccessError::Store`] if storage failed.
    pub async fn authorize(
        &self,
        actor: &Actor,
        scope: impl Into<Scope>,
        requirement: &Requirement,
    ) -> Result<Acting, AccessError> {
        let scope = scope.into();
        if let Principal::OrganizationKey { organization, .. } = actor.principal
            && let Scope::Application(application) = scope
        {
            let owner = self.organization_of(application).await?;
            if owner != Some(organization) {
                return Err(AccessError::NotFound(scope));
            }
            return actor.authorize_key(organization, requirement);
        }
        let Some(user) = actor.user() else { return actor.authorize_key(scope, requirement) };
        let found = match scope {
            Scope::Application(application) => self.application_role(application, user).await?,
            Scope::Organization(organization) => {
                let access = self.member_access(organization, user).await?;
                access.map(|access| ApplicationRole { organization, access })
            }
        };
        let ApplicationRole { organization, access } = found.ok_or(AccessError::NotFound(scope))?;
        let MemberAccess { role, mfa_required } = access;
        actor.require_mfa(mfa_required && !requirement.without_mfa, organization)?;
        let acting = Acting { organization, party: ActingParty::Member { user, role, by_key: false } };
        permit(acting.party.meets(requirement), organization)?;
        Ok(acting)
    }

    /// Returns the organization of an operation whose path names none: the stated one, else that of the key, else the
    /// only one of the user, as [`Memberships::first_organizations_of`] counts them. A key can state its own organization
    /// only. Whether a user has access to the stated organization is left to the operation.
    ///
    /// # Errors
    /// [`CurrentOrganizationError::NotFound`] if the stated organization is not one of the caller, or the caller has
    /// none; [`CurrentOrganizationError::Ambiguous`] if the caller must name one.
    pub async fn current_organization(
        &self,
        actor: &Actor,
        stated: Option<OrganizationId>,
    ) -> Result<OrganizationId, CurrentOrganizationError> {
        let own = match actor.principal {
            Principal::OrganizationKey { organization, .. } | Principal::Application { organization, .. } => {
                vec![organization]
            }
            // The membership is checked by the operation.
            Principal::User { .. } if stated.is_some() => stated.into_iter().collect(),
            Principal::User { id, .. } => self.first_organizations_of(id).await?,
        };
        match (own.as_slice(), stated) {
            ([one], None) => Ok(*one),
            ([one], Some(stated)) if *one == stated => Ok(stated),
            ([_], Some(_)) | ([], _) => Err(CurrentOrganizationError::NotFound),
            _ => Err(CurrentOrganizationError::Ambiguous),
        }
    }
}

crate::error_enum! {
    /// Why the organization of an operation is unknown.
    pub enum CurrentOrganizationError {
        /// The caller has no access to the stated organization, or belongs to none.
        #[error("there is no such organization")]
        NotFound,
        /// The user belongs to several organizations and has not named one.
        #[error("you belong to several organizations; name one")]
        Ambiguous,
    }
    from Store(StoreError)
}

impl Actor {
    /// Requires a key that has access to the organization or the application and meets the requirement. Organization
    /// keys have access to their organization, for which the caller of this function replaces an application.
    ///
    /// # Errors
    /// [`AccessError::NotFound`] if the actor is not such a key, [`AccessError::Forbidden`] and
    /// [`AccessError::ReadOnlyKey`] if the rights of the key are too low.
    pub fn authorize_key(&self, scope: impl Into<Scope>, requirement: &Requirement) -> Result<Acting, AccessError> {
        let scope: Scope = scope.into();
        let acting = match &self.principal {
            Principal::Application { application, organization, permissions, .. }
                if requirement.application_keys
                    && (scope == Scope::Application(*application) || scope == Scope::Organization(*organization)) =>
            {
                let (application, permissions) = (*application, permissions.clone());
                Acting { organization: *organization, party: ActingParty::Application { application, permissions } }
            }
            Principal::OrganizationKey { organization, scope: key_scope, acts_as, .. }
                if scope == Scope::Organization(*organization) =>
            {
                let party = match acts_as.clone() {
                    ActsAs::Member { user, role } => ActingParty::Member { user, role, by_key: true },
                    ActsAs::ServiceAccount { account, permissions } => {
                        ActingParty::ServiceAccount { account, permissions }
                    }
                };
                if *key_scope == KeyScope::Read && requirement.kind == AccessKind::Write {
                    return Err(AccessError::ReadOnlyKey { organization: *organization });
                }
                Acting { organization: *organization, party }
            }
            _ => return Err(AccessError::NotFound(scope)),
        };
        permit(acting.party.meets(requirement), acting.organization)?;
        Ok(acting)
    }
}
