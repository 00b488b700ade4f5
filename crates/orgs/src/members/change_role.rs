//! Role changes of members.

use tessera_kernel::{AccessError, Actor, OrganizationId, QuotaExceeded, Role, StoreError, UserId, permit};

use super::events::MemberEvent;
use crate::{Orgs, caller::AuthorizedChange, model::Member, policy};

/// Command of [`Orgs::change_role`].
#[derive(Debug)]
pub struct ChangeRole {
    /// The organization.
    pub organization: OrganizationId,
    /// The member.
    pub user: UserId,
    /// The new role.
    pub role: Role,
}

tessera_kernel::error_enum! {
    /// Why the role change failed.
    pub enum ChangeRoleError {
        /// Granting ownership requires recent authentication.
        #[error("the session is too old for this")]
        ReauthenticationRequired,
        /// The organization has no such member.
        #[error("there is no such member")]
        MemberNotFound,
        /// The organization would be left without an owner.
        #[error("an organization keeps at least one owner")]
        LastOwner,
    }
    from Access(AccessError), Quota(QuotaExceeded), Store(StoreError)
}

impl Orgs {
    /// Changes a member's role. The operation locks the organization, so that concurrent changes can't remove the last
    /// owner. All owners get a mail about a new owner. A change ends the open invitation to the member's address. It
    /// also ends the invitations of the member that the new role could not send.
    ///
    /// # Errors
    /// Fails when the actor may not change the role, the user is not a member or is the last owner, a quota is reached,
    /// or storage fails.
    pub async fn change_role(&self, actor: &Actor, command: ChangeRole) -> Result<Member, ChangeRoleError> {
        let (id, user, to) = (command.organization, command.user, command.role);
        let AuthorizedChange { mut tx, organization, party } =
            self.lock_and_authorize(actor, id, &policy::WRITE_MEMBERS).await?;
        let mut membership = tx.memberships().find(id, user).await?.ok_or(ChangeRoleError::MemberNotFound)?;
        let from = membership.role;
        permit(policy::may_change_role(&party, from, to), id)?;
        if from != to && policy::must_sign_in_again(actor, to) {
            return Err(ChangeRoleError::ReauthenticationRequired);
        }
        if from == Role::Owner && to != Role::Owner && tx.memberships().count_owners(id).await? <= 1 {
            return Err(ChangeRoleError::LastOwner);
        }
        if from != to && to == Role::Owner {
            self.check_new_owner::<ChangeRoleError>(&mut *tx, &membership).await?;
        }
        // Also if nothing changes, so that this node has certainly heard of the role when it responds.
        tx.memberships().set_role(id, user, to).await?;
        if from != to {
            let changed = MemberEvent::RoleChanged { organization: id, user, from, to };
            tx.events().append(&self.event(actor, changed)).await?;
            self.end_invitations_to(&mut *tx, actor, id, user).await?;
            self.end_invitations_by(&mut *tx, actor, id, user, Some(to)).await?;
            if to == Role::Owner {
                self.notify_owners(&mut *tx, &organization, user, party.user()).await?;
            }
        }
        tx.commit().await?;
        membership.role = to;
        Ok(self.present(membership, &party).await?)
    }
}
