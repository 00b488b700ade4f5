//! An existing user is brought in without being asked.

use tessera_kernel::{
    Actor, EmailAddress, OnConflict, OrganizationId, QuotaExceeded, RateLimitError, RateLimited, Role, StoreError,
    UserId,
};
use time::OffsetDateTime;

use crate::{
    Orgs,
    events::OrgEvent,
    model::{Member, Membership, Profile},
    policy,
    ports::OrgTransaction,
};

/// Whom to add.
#[derive(Debug)]
pub enum Candidate {
    /// By id.
    User(UserId),
    /// By an address that the user has verified.
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
    ReauthenticationRequired,
    /// The caller has reached [`limits::ADD_MEMBER`](crate::limits::ADD_MEMBER).
    #[error(transparent)]
    RateLimited(#[from] RateLimited),
    /// No user has that id, or no user has verified that address.
    #[error("there is no such user")]
    UserNotFound,
    /// The user is a member already; their role stays as it is.
    #[error("this user is already a member")]
    AlreadyMember,
    /// A quota is used up.
    #[error(transparent)]
    Quota(#[from] QuotaExceeded),
    /// The user left the organization less than [`Membership::NO_DIRECT_ADDITION_AFTER_LEAVING`] ago.
    #[error("this user left the organization; send an invitation")]
    UserLeft,
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Orgs {
    /// Adds a user to an organization and notifies the user by mail; of a new owner, all owners. The profile of a user who
    /// was added by id stays hidden from others until that user makes a request inside the organization. Each authorized
    /// call counts in the limit `add-member`.
    ///
    /// # Errors
    /// See [`AddMemberError`].
    pub async fn add_member(&self, actor: &Actor, command: AddMember) -> Result<Member, AddMemberError> {
        let acting = actor.user().ok_or(AddMemberError::NotFound)?;
        let id = command.organization;
        // Asked before the user is looked up: only who may add members learns which users exist.
        let role = self.caller_membership(id, acting).await?.ok_or(AddMemberError::NotFound)?.role;
        if !policy::may_add(role, command.role) {
            return Err(AddMemberError::Forbidden { organization: id });
        }
        if policy::must_sign_in_again(actor, command.role) {
            return Err(AddMemberError::ReauthenticationRequired);
        }
        self.limit_additions(acting).await.map_err(RateLimitError::split::<AddMemberError>)?;
        let profile = self.candidate(&command.candidate).await?.ok_or(AddMemberError::UserNotFound)?;
        let by = self.profile(acting).await?;
        let member = Member { membership: self.new_membership(&command, profile.user_id), profile };
        // Read before the lock: a claim that ends meanwhile keeps its place for longer, never for a shorter time.
        let storage_time = self.ports.store.now().await?;
        let mut tx = self.ports.store.begin().await?;
        let organization = tx.organizations().lock(id).await?.ok_or(AddMemberError::NotFound)?;
        // And again under the lock: the role may have gone in between.
        let role = tx.memberships().find(id, acting).await?.ok_or(AddMemberError::NotFound)?.role;
        if !policy::may_add(role, command.role) {
            return Err(AddMemberError::Forbidden { organization: id });
        }
        self.insert(&mut *tx, actor, &member.membership, storage_time).await?;
        self.notify_of_addition(&mut *tx, &organization, &member, &by).await?;
        tx.commit().await?;
        Ok(member.seen_by(acting))
    }

    fn new_membership(&self, command: &AddMember, user: UserId) -> Membership {
        let now = self.ports.clock.now();
        Membership {
            organization_id: command.organization,
            user_id: user,
            role: command.role,
            joined_at: now,
            // Who gives an address knows it already. A user id must not disclose it.
            profile_visible_at: matches!(command.candidate, Candidate::Email(_)).then_some(now),
            opened_at: None,
        }
    }

    async fn insert(
        &self,
        tx: &mut dyn OrgTransaction,
        actor: &Actor,
        membership: &Membership,
        storage_time: OffsetDateTime,
    ) -> Result<(), AddMemberError> {
        let Membership { organization_id: organization, user_id: user, role, joined_at: now, .. } = *membership;
        // A member already is the more useful answer, and they need no room.
        if tx.memberships().find(organization, user).await?.is_some() {
            return Err(AddMemberError::AlreadyMember);
        }
        self.check_new_member::<AddMemberError>(tx, organization, user, role, storage_time).await?;
        tx.memberships().insert(membership).await.on_conflict(AddMemberError::AlreadyMember)?;
        if let Some(left_at) = tx.departures().find(organization, user).await? {
            if now < left_at + Membership::NO_DIRECT_ADDITION_AFTER_LEAVING {
                return Err(AddMemberError::UserLeft);
            }
            tx.departures().delete(organization, user).await?;
        }
        let added = OrgEvent::MemberAdded { organization, user, role };
        tx.events().append(&self.event(actor, added)).await?;
        self.end_invitations_to(tx, actor, organization, user).await?;
        Ok(())
    }

    async fn candidate(&self, candidate: &Candidate) -> Result<Option<Profile>, StoreError> {
        match candidate {
            Candidate::User(id) => Ok(self.ports.user_profiles.profiles(&[*id]).await?.into_iter().next()),
            Candidate::Email(email) => self.ports.user_profiles.find_profile_by_verified_email(email).await,
        }
    }
}
