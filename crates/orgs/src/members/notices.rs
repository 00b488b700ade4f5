//! Notices to members.

use tessera_kernel::{EmailAddress, Role, StoreError, UserId};
use tessera_outbox::NoticeTopic;

use crate::{
    Orgs,
    model::{DirectAddition, Member, Membership, NewOwner, Organization, OrganizationDeletion, Profile},
    ports::OrgTransaction,
};

/// Maximum number of notices about one new owner. The new owner comes first, then the owners with the oldest accounts.
const MAX_RECIPIENTS: usize = 50;

impl Orgs {
    /// Notifies a new owner and all other owners, in the transaction that grants ownership. Owners without an address
    /// get no notice.
    pub(crate) async fn notify_owners(
        &self,
        tx: &mut dyn OrgTransaction,
        organization: &Organization,
        owner: UserId,
        by: Option<UserId>,
    ) -> Result<(), StoreError> {
        let owners = tx.memberships().owners(organization.id).await?;
        let find = |id: UserId| owners.iter().find(|member| member.membership.user_id == id);
        let Some(new) = find(owner) else { return Ok(()) };
        let by = by.filter(|by| *by != owner).and_then(find).map(public_profile);
        let others = owners.iter().filter(|member| member.membership.user_id != owner);
        let mut recipients = Vec::new();
        for Member { membership, profile, .. } in [new].into_iter().chain(others).take(MAX_RECIPIENTS) {
            recipients.extend(address(profile)?.map(|address| (address, topic(membership), profile.user_id == owner)));
        }
        // The mail to the new owner does not contain a name. The mails to the others must not reveal the identity
        // behind a user id.
        let new = public_profile(new);
        // All transactions use the same order, so that two transactions with the same recipients can't deadlock.
        recipients.sort_by(|(one, ..), (other, ..)| one.canonical().cmp(other.canonical()));
        let templates = &*self.ports.mail_templates;
        for (to, topic, to_themselves) in &recipients {
            let about = NewOwner { organization, owner: &new, to_themselves: *to_themselves, by: by.as_ref() };
            let write = |context| templates.new_owner(to, &about, context);
            self.ports.notices.notify(tx.outbox(), *topic, to, write).await?;
        }
        Ok(())
    }

    /// Notifies all owners of the deletion of the organization, in the same transaction.
    pub(crate) async fn notify_of_deletion(
        &self,
        tx: &mut dyn OrgTransaction,
        organization: &Organization,
        by: UserId,
    ) -> Result<(), StoreError> {
        let owners = tx.memberships().owners(organization.id).await?;
        let deleted_by = owners.iter().find(|member| member.membership.user_id == by).map(public_profile);
        let mut recipients = Vec::new();
        for Member { membership, profile, .. } in owners.iter().take(MAX_RECIPIENTS) {
            let by = deleted_by.as_ref().filter(|by| by.user_id != profile.user_id);
            recipients.extend(address(profile)?.map(|address| (address, topic(membership), by)));
        }
        recipients.sort_by(|(one, ..), (other, ..)| one.canonical().cmp(other.canonical()));
        for (to, topic, by) in recipients {
            let about = OrganizationDeletion { organization, by };
            let write = |context| self.ports.mail_templates.organization_deleted(&to, &about, context);
            self.ports.notices.notify(tx.outbox(), topic, &to, write).await?;
        }
        Ok(())
    }

    /// Notifies a user who was added directly, in the same transaction. An added owner gets the notice about a new
    /// owner instead.
    pub(crate) async fn notify_of_addition(
        &self,
        tx: &mut dyn OrgTransaction,
        organization: &Organization,
        added: &Member,
        by: Option<&Profile>,
    ) -> Result<(), StoreError> {
        let Member { membership, profile, .. } = added;
        if membership.role == Role::Owner {
            return self.notify_owners(tx, organization, membership.user_id, by.map(|by| by.user_id)).await;
        }
        let Some(to) = address(profile)? else { return Ok(()) };
        let about = DirectAddition { organization, role: membership.role, by };
        let write = |context| self.ports.mail_templates.added_directly(&to, &about, context);
        self.ports.notices.notify(tx.outbox(), NoticeTopic::Memberships, &to, write).await
    }
}

/// Returns the part of a profile that all members may see.
fn public_profile(member: &Member) -> Profile {
    if member.membership.profile_visible_at.is_some() {
        member.profile.clone()
    } else {
        Profile::hidden(member.membership.user_id)
    }
}

/// Returns the topic whose limit a notice about owners counts in. Any user can add another user to an organization. So
/// the notices of an organization that the recipient has not opened must not use up the limit of other organizations.
const fn topic(recipient: &Membership) -> NoticeTopic {
    if recipient.opened_at.is_some() { NoticeTopic::Owners } else { NoticeTopic::Memberships }
}

fn address(profile: &Profile) -> Result<Option<EmailAddress>, StoreError> {
    let address = profile.email.as_deref().map(str::parse).transpose();
    address.map_err(|fault| StoreError::Corrupt(format!("users.email: {fault}")))
}
