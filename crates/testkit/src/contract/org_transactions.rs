//! Contract of [`OrgTransaction`].

use std::sync::Arc;

use tessera_kernel::{InvitationClaimId, Role, StoreError};
use tessera_orgs::{
    model::{Claim, InvitationState},
    ports::{MailNote, OrgStore, OrgTransaction},
};
use tessera_outbox::{Notice, NoticeTopic, Notices};

use super::world::{audit_entry_is_stored, message_reaches_the_outbox, settings, taken_mails, tenant};
use crate::{
    Harness, Skip,
    builders::{
        NOW, document, invitation, invitation_id, mail, mail_id, membership, organization, organization_id, user,
        user_id,
    },
    concurrency::{in_time, nothing_is_held, second_leaves_while_first_holds},
    expectations::{ok, parsed, some},
};

/// Locks organization 1 and changes the role of user 1, without a commit.
async fn set_role(store: Arc<dyn OrgStore>, role: Role) -> Result<Box<dyn OrgTransaction>, StoreError> {
    let mut tx = store.begin().await?;
    some(tx.organizations().lock(organization_id(1)).await?);
    tx.memberships().set_role(organization_id(1), user_id(1), role).await?;
    Ok(tx)
}

contract!(
    use org_transactions as org_transactions_contract;

    async fn a_transaction_sees_the_organization_that_it_wrote(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1)]).await;
        let (id, owner) = (organization_id(1), membership(organization_id(1), user_id(1), Role::Owner));
        let mut tx = ok(stores.orgs.begin().await);
        ok(tx.organizations().insert(&organization(1)).await);
        assert_eq!(ok(tx.organizations().lock(id).await), Some(organization(1)));
        ok(tx.memberships().insert(&owner).await);
        assert_eq!(ok(tx.memberships().find(id, user_id(1)).await), Some(owner));
        assert_eq!(ok(tx.memberships().count(id).await), 1);
        assert_eq!(ok(tx.memberships().lock_and_count_owned(user_id(1), true).await), 1);
        assert!(ok(tx.memberships().set_role(id, user_id(1), Role::Member).await));
        assert_eq!(ok(tx.memberships().count_owners(id).await), 0);
        ok(tx.departures().record(id, user_id(1), NOW).await);
        assert_eq!(ok(tx.departures().find(id, user_id(1)).await), Some(NOW));
        ok(tx.documents().save_settings(id, &settings()).await);
        assert_eq!(ok(tx.documents().find_settings(&organization(1)).await), Some(settings()));
        ok(tx.documents().save_system_data(id, user_id(1), &document()).await);
        assert_eq!(ok(tx.documents().find_system_data(id, user_id(1)).await), Some(document()));
    }

    async fn a_transaction_sees_the_invitation_that_it_wrote(harness: &impl Harness) {
        let stores = harness.stores();
        tenant(stores, 1).await;
        let (id, (open, token)) = (organization_id(1), invitation(1, organization_id(1), user_id(1)));
        let mut tx = ok(stores.orgs.begin().await);
        ok(tx.invitations().insert(&open, &token).await);
        assert_eq!(ok(tx.invitations().lock_by_token(&token).await).as_ref(), Some(&open));
        assert_eq!(ok(tx.invitations().count_pending(id, NOW).await), 1);
        let claim = Claim { by: InvitationClaimId::from_uuid(invitation_id(9).as_uuid()), until: NOW + Claim::TTL };
        assert!(ok(tx.invitations().claim(open.id, claim).await));
        assert_eq!(ok(tx.invitations().count_claimed(id, NOW).await), 1);
        let note = MailNote { mail: mail_id(1), invitation: open.id, email: &open.email, at: NOW };
        ok(tx.invitation_mails().note(id, &note).await);
        assert_eq!(ok(tx.invitation_mails().carrying(open.id).await), [mail_id(1)]);
        assert!(ok(tx.invitations().end(open.id, InvitationState::Accepted { at: NOW }).await));
        assert_eq!(ok(tx.invitations().find_open(id, &open.email).await), None);
        assert!(ok(tx.invitations().any_accepted(id).await));
        ok(tx.outbox().add(&mail(1)).await);
        assert_eq!(ok(tx.outbox().cancel(&[mail_id(1)]).await), 1);
        let to = parsed("user1@example.com");
        let notice = Notice { topic: NoticeTopic::Owners, to: &to, at: NOW };
        for number in [1, 2] {
            let counted = tx.outbox().count_notice(notice, Notices::WINDOW).await;
            assert_eq!(ok(counted), number);
        }
    }

    async fn a_cancelled_waiter_holds_no_lock_and_no_connection(harness: &impl Harness) {
        let stores = harness.stores();
        tenant(stores, 1).await;
        let first = ok(set_role(stores.orgs.clone(), Role::Admin).await);
        let read = async || ok(stores.orgs.find_membership(organization_id(1), user_id(1)).await);
        second_leaves_while_first_holds(set_role(stores.orgs.clone(), Role::Member), read).await;
        ok(in_time(first.commit()).await);
        let mut next = ok(in_time(stores.orgs.begin()).await);
        some(ok(in_time(next.organizations().lock(organization_id(1))).await));
        let seen = some(ok(next.memberships().find(organization_id(1), user_id(1)).await));
        assert_eq!(seen.role, Role::Admin);
        drop(next);
        nothing_is_held(harness).await;
    }

    async fn an_audit_entry_of_an_organization_is_stored(harness: &impl Harness) {
        audit_entry_is_stored!(harness, orgs);
    }

    async fn a_message_reaches_the_outbox_with_the_commit(harness: &impl Harness) {
        message_reaches_the_outbox!(harness, orgs);
    }

    async fn commits_are_durable(harness: &mut impl Harness) -> Result<(), Skip> {
        let stores = harness.stores();
        tenant(stores, 1).await;
        let guest = invitation(1, organization_id(1), user_id(1));
        stores.add_invitations([&guest]).await;
        stores.add_mails([&mail(1)]).await;
        ok(ok(set_role(stores.orgs.clone(), Role::Admin).await).commit().await);
        drop(ok(set_role(stores.orgs.clone(), Role::Member).await));
        harness.reopen().await?;
        let stores = harness.stores();
        let expected = (organization(1), membership(organization_id(1), user_id(1), Role::Admin));
        let found = ok(stores.orgs.find_organization(organization_id(1), user_id(1)).await);
        assert_eq!(found, Some(expected));
        let (invited, token) = guest;
        assert_eq!(ok(stores.orgs.find_invitation(&token).await), Some(invited));
        assert_eq!(taken_mails(stores).await, [mail(1)]);
        Ok(())
    }
);
