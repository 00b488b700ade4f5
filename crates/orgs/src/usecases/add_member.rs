//! An existing user is brought in without being asked.

use tessera_kernel::{
    Actor, EmailAddress, OnConflict, OrganizationId, QuotaExceeded, RateLimitError, RateLimited, Role, StoreError,
    UserId,
};

use crate::{
    Orgs,
    events::OrgEvent,
    model::{Member, Membership, Profile},
    policy,
};

/// Whom to add.
#[derive(Debug)]
pub enum Candidate {
    /// By id.
    User(UserId),
    /// By address.
    Email(EmailAddress),
}

/// The member to be.
#[derive(Debug)]
pub struct AddMember {
    /// Where.
    pub organization: OrganizationId,
    /// Whom.
    pub candidate: Candidate,
    /// As what.
    pub role: Role,
}

/// Nobody was added.
#[derive(Debug, thiserror::Error)]
pub enum AddMemberError {
    /// The organization does not exist, or the actor is no member.
    #[error("there is no such organization")]
    NotFound,
    /// The actor's role does not reach for this.
    #[error("your role does not allow this")]
    Forbidden {
        /// Whose administrators may learn that it was tried.
        organization: OrganizationId,
    },
    /// Ownership is given in a session that began a moment ago.
    #[error("the session is too old for this")]
    StaleSession,
    /// The caller has reached [`limits::ADD_MEMBER`](crate::limits::ADD_MEMBER).
    #[error(transparent)]
    RateLimited(#[from] RateLimited),
    /// No user has that id or address.
    #[error("there is no such user")]
    UserNotFound,
    /// The user is a member already; their role stays as it is.
    #[error("this user is already a member")]
    AlreadyMember,
    /// A quota is used up.
    #[error(transparent)]
    Quota(#[from] QuotaExceeded),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Orgs {
    /// Adds a user to an organization. Each authorized call counts in the limit `add-member`. Of a new owner, all owners are told by mail.
    ///
    /// # Errors
    /// See [`AddMemberError`].
    pub async fn add_member(&self, actor: &Actor, command: AddMember) -> Result<Member, AddMemberError> {
        let acting = actor.user().ok_or(AddMemberError::NotFound)?;
        let id = command.organization;
        // Asked before the user is looked up: only who may add members learns which users exist.
        let role = self.ports.store.find_membership(id, acting).await?.ok_or(AddMemberError::NotFound)?.role;
        if !policy::may_add(role, command.role) {
            return Err(AddMemberError::Forbidden { organization: id });
        }
        if policy::must_sign_in_again(actor, command.role) {
            return Err(AddMemberError::StaleSession);
        }
        self.limit_additions(acting).await.map_err(RateLimitError::split::<AddMemberError>)?;
        let profile = self.candidate(&command.candidate).await?.ok_or(AddMemberError::UserNotFound)?;
        let user = profile.user_id;
        let membership =
            Membership { organization_id: id, user_id: user, role: command.role, joined_at: self.ports.clock.now() };
        let event = self.event(actor, OrgEvent::MemberAdded { organization: id, user, role: command.role });
        let mut tx = self.ports.store.begin().await?;
        let organization = tx.organizations().lock(id).await?.ok_or(AddMemberError::NotFound)?;
        // And again under the lock: the role may have gone in between.
        let role = tx.memberships().find(id, acting).await?.ok_or(AddMemberError::NotFound)?.role;
        if !policy::may_add(role, command.role) {
            return Err(AddMemberError::Forbidden { organization: id });
        }
        // A member already is the more useful answer, and they need no room.
        if tx.memberships().find(id, user).await?.is_some() {
            return Err(AddMemberError::AlreadyMember);
        }
        self.check_new_member::<AddMemberError>(&mut *tx, id, user, command.role).await?;
        tx.memberships().insert(&membership).await.on_conflict(AddMemberError::AlreadyMember)?;
        tx.events().append(&event).await?;
        if command.role == Role::Owner {
            self.tell_of_owner(&mut *tx, &organization, user, Some(acting)).await?;
        }
        tx.commit().await?;
        Ok(Member { membership, profile })
    }

    async fn candidate(&self, candidate: &Candidate) -> Result<Option<Profile>, StoreError> {
        match candidate {
            Candidate::User(id) => Ok(self.ports.directory.profiles(&[*id]).await?.into_iter().next()),
            Candidate::Email(email) => self.ports.directory.find_profile_by_email(email).await,
        }
    }
}
