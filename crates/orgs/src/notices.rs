//! Telling owners of another one.

use tessera_kernel::{EmailAddress, NoticeTopic, StoreError, UserId};

use crate::{
    Orgs,
    model::{NewOwner, Organization, Profile},
    ports::OrgTransaction,
};

/// How many are told of one new owner. The new one is the first of them, then come those whose accounts are the oldest.
const MOST_TOLD: usize = 50;

impl Orgs {
    /// Tells a new owner and all others, in the transaction that made them one. Nobody can be told who has no address.
    pub(crate) async fn tell_of_owner(
        &self,
        tx: &mut dyn OrgTransaction,
        organization: &Organization,
        owner: UserId,
        by: Option<UserId>,
    ) -> Result<(), StoreError> {
        let owners = tx.memberships().owners(organization.id).await?;
        let find = |id: UserId| owners.iter().find(|profile| profile.user_id == id);
        let Some(new) = find(owner) else { return Ok(()) };
        let by = by.filter(|by| *by != owner).and_then(find);
        let others = owners.iter().filter(|profile| profile.user_id != owner);
        let mut told = Vec::new();
        for profile in [new].into_iter().chain(others).take(MOST_TOLD) {
            told.extend(address(profile)?.map(|address| (address, profile.user_id == owner)));
        }
        // In one order everywhere, so that two that tell the same people do not wait for each other for ever.
        told.sort_by(|(one, _), (other, _)| one.canonical().cmp(other.canonical()));
        let letters = &*self.ports.letters;
        for (to, to_themselves) in &told {
            let about = NewOwner { organization, owner: new, to_themselves: *to_themselves, by };
            let write = |context| letters.new_owner(to, &about, context);
            self.ports.notices.tell(tx.outbox(), NoticeTopic::Owners, to, write).await?;
        }
        Ok(())
    }
}

fn address(profile: &Profile) -> Result<Option<EmailAddress>, StoreError> {
    let address = profile.email.as_deref().map(str::parse).transpose();
    address.map_err(|fault| StoreError::Corrupt(format!("users.email: {fault}")))
}
