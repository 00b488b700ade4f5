//! Direct addition of existing users.

use tessera_kernel::{
    AccessError, Actor, EmailAddress, OnConflict, OrganizationId, QuotaExceeded, RateLimitError, RateLimited, Role,
    StoreError, UserId, limit, permit,
};
use time::OffsetDateTime;

use super::events::MemberEvent;
use crate::{
    Orgs,
    caller::AuthorizedChange,
    model::{Member, Membership, Profile},
    policy,
    ports::OrgTransaction,
};

/// The user to add.
#[derive(Debug)]
pub enum Candidate {
    /// By id.
    User(UserId),
    /// By an address that the user has verified.
    Email(EmailAddress),
}

/// Command of [`Orgs::add_member`].
#[derive(Debug)]
pub struct AddMember {
    /// The organization.
    pub organization: OrganizationId,
    /// The user to add.
    pub candidate: Candidate,
    /// The role that the new member gets.
    pub role: Role,
}

tessera_kernel::error_enum! {
    /// Why no member was added.
    pub enum AddMemberError {
        /// Granting ownership requires recent authentication.
        #[error("the session is too old for this")]
        ReauthenticationRequired,
        /// No user has that id, or no user has verified that address.
        #[error("there is no such user")]
        UserNotFound,
        /// The user is already a member and keeps the current role.
        #[error("this user is already a member")]
        AlreadyMember,
        /// The user left the organization less than [`Membership::NO_DIRECT_ADDITION_AFTER_LEAVING`] ago.
        #[error("this user left the organization; send an invitation")]
        UserLeft,
    }
    from
        Access(AccessError),
        /// The caller has reached the limit `add-member`.
        RateLimited(RateLimited),
        Quota(QuotaExceeded),
        Store(StoreError),
}

impl Orgs {
    /// Adds a user to an organization. The user gets a mail. If the user becomes an owner, all owners get a mail. The
    /// profile of a user who was added by id stays hidden from other members until the user makes a request inside the
    /// organization. Each authorized call counts in the limit `add-member`.
    ///
    /// # Errors
    /// Fails when the actor may not add the user, the user does not exist or cannot be added, a limit or quota is
    /// reached, or storage fails.
    pub async fn add_member(&self, actor: &Actor, command: AddMember) -> Result<Member, AddMemberError> {
        let id = command.organization;
        // Checked before any lookup of the user: only callers who may add members learn which users exist.
        let party = self.authorize(actor, id, &policy::WRITE_MEMBERS).await?;
        permit(command.role <= party.highest_role(), id)?;
        if policy::must_sign_in_again(actor, command.role) {
            return Err(AddMemberError::ReauthenticationRequired);
        }
        let acting = party.user();
        let counted = self.ports.limits.count(limit::ADD_MEMBER, &party.id().to_string()).await;
        counted.map_err(RateLimitError::split::<AddMemberError>)?;
        let profile = self.candidate(&command.candidate).await?.ok_or(AddMemberError::UserNotFound)?;
        let by = match acting {
            Some(user) => Some(self.profile(user).await?),
            None => None,
        };
        let with_mfa = self.users_with_mfa(&[profile.user_id], &party).await?;
        let mfa_enabled = with_mfa.map(|users| users.contains(&profile.user_id));
        let member = Member { membership: self.new_membership(&command, profile.user_id), profile, mfa_enabled };
        // Read before the lock is taken. A time that is too early makes a claim count for longer, never for a
        // shorter time.
        let storage_time = self.ports.store.now().await?;
        // Checked again under the lock, because the role may have changed since the first check.
        let AuthorizedChange { mut tx, organization, party } =
            self.lock_and_authorize(actor, id, &policy::WRITE_MEMBERS).await?;
        permit(command.role <= party.highest_role(), id)?;
        self.insert(&mut *tx, actor, &member.membership, storage_time).await?;
        self.notify_of_addition(&mut *tx, &organization, &member, by.as_ref()).await?;
        tx.commit().await?;
        Ok(member.seen_by(acting))
    }

    fn new_membership(&self, command: &AddMember, user: UserId) -> Membership {
        let now = self.ports.system.now();
        Membership {
            organization_id: command.organization,
            user_id: user,
            role: command.role,
            joined_at: now,
            // A caller who gives the address already knows it. A caller who gives a user id must not learn the address.
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
        // Checked before the quota: an existing member does not count again, and this error is more useful to the
        // caller.
        if tx.memberships().find(organization, user).await?.is_some() {
            return Err(AddMemberError::AlreadyMember);
        }
        self.check_new_member::<AddMemberError>(tx, membership, storage_time).await?;
        tx.memberships().insert(membership).await.on_conflict(AddMemberError::AlreadyMember)?;
        if let Some(left_at) = tx.departures().find(organization, user).await? {
            if now < left_at + Membership::NO_DIRECT_ADDITION_AFTER_LEAVING {
                return Err(AddMemberError::UserLeft);
            }
            tx.departures().delete(organization, user).await?;
        }
        let added = MemberEvent::Added { organization, user, role };
        tx.events().append(&self.event(actor, added)).await?;
        self.end_invitations_to(tx, actor, organization, user).await?;
        Ok(())
    }

    async fn candidate(&self, candidate: &Candidate) -> Result<Option<Profile>, StoreError> {
        match candidate {
            Candidate::User(id) => Ok(self.ports.user_profiles.profiles(&[*id]).await?.into_iter().next()),
            Candidate::Email(email) => {
                let found = self.ports.user_profiles.find_profile_by_verified_email(email).await?;
                Ok(found.filter(|profile| profile.has_mailbox(email)))
            }
        }
    }
}
