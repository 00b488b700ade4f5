//! Removal and departure of members.

use tessera_kernel::{AccessError, Actor, OrganizationId, Role, StoreError, UserId, permit};

use super::events::MemberEvent;
use crate::{Orgs, caller::AuthorizedChange, policy};

tessera_kernel::error_enum! {
    /// Why the removal failed.
    pub enum RemoveMemberError {
        /// The organization has no such member.
        #[error("there is no such member")]
        MemberNotFound,
        /// The organization would be left without an owner.
        #[error("an organization keeps at least one owner")]
        LastOwner,
    }
    from Access(AccessError), Store(StoreError)
}

impl Orgs {
    /// Removes a member. Users who are signed in and remove themselves leave. Both end the open invitation to the member's address and
    /// the invitations that the member sent. A user who left can't be added directly for
    /// [`Membership::NO_DIRECT_ADDITION_AFTER_LEAVING`](crate::model::Membership::NO_DIRECT_ADDITION_AFTER_LEAVING).
    ///
    /// # Errors
    /// Fails when the actor may not remove the user, the user is not a member or is the last owner, or storage fails.
    pub async fn remove_member(
        &self,
        actor: &Actor,
        id: OrganizationId,
        user: UserId,
    ) -> Result<(), RemoveMemberError> {
        let leaves = actor.user() == Some(user);
        let requirement = if leaves { &policy::LEAVE } else { &policy::WRITE_MEMBERS };
        let AuthorizedChange { mut tx, party, .. } = self.lock_and_authorize(actor, id, requirement).await?;
        let target = tx.memberships().find(id, user).await?.ok_or(RemoveMemberError::MemberNotFound)?.role;
        permit(policy::may_remove(&party, target, leaves), id)?;
        if target == Role::Owner && tx.memberships().count_owners(id).await? <= 1 {
            return Err(RemoveMemberError::LastOwner);
        }
        tx.memberships().delete(id, user).await?;
        if leaves {
            tx.departures().record(id, user, self.ports.system.now()).await?;
        }
        let event = MemberEvent::Removed { organization: id, user, role: target };
        tx.events().append(&self.event(actor, event)).await?;
        self.end_invitations_to(&mut *tx, actor, id, user).await?;
        self.end_invitations_by(&mut *tx, actor, id, user, None).await?;
        tx.commit().await?;
        Ok(())
    }
}
