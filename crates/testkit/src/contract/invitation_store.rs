//! Contract of [`OrgStore`] for invitations.

use std::sync::Arc;

use tessera_kernel::{OrganizationId, PageRequest, Role, SecretHash, StoreError};
use tessera_orgs::{
    model::{Invitation, InvitationState, MailDelivery},
    ports::{MailNote, OrgStore},
};
use tessera_outbox::MailRefusal;
use time::{Duration, OffsetDateTime};

use super::world::{self, neighbour_of};
use crate::{
    Harness, Stores,
    builders::{NOW, invitation, invitation_id, mail, mail_id, organization, organization_id, token_hash, user_id},
    concurrency::{at_once, attempts_at_once, in_time, nothing_is_held, one_wins},
    expectations::{conflict, ok, parsed},
};

fn org() -> OrganizationId {
    organization_id(1)
}

/// Returns the invitation of organization 1 with that number, and the hash of its token.
fn guest(number: u32) -> (Invitation, SecretHash) {
    invitation(number, org(), user_id(1))
}

async fn organizations(stores: &Stores) {
    stores.add_organizations([&organization(1), &organization(2)]).await;
}

async fn insert(store: Arc<dyn OrgStore>, (invitation, token): (Invitation, SecretHash)) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    tx.invitations().insert(&invitation, &token).await?;
    tx.commit().await
}

async fn end(store: Arc<dyn OrgStore>, number: u32, state: InvitationState) -> Result<bool, StoreError> {
    let mut tx = store.begin().await?;
    let ended = tx.invitations().end(invitation_id(number), state).await?;
    tx.commit().await?;
    Ok(ended)
}

fn withdrawn() -> InvitationState {
    InvitationState::Withdrawn { at: NOW + Duration::hours(1) }
}

contract!(
    use invitation_store as invitation_store_contract;

    async fn an_invitation_is_returned_as_stored(harness: &impl Harness) {
        let stores = harness.stores();
        organizations(stores).await;
        stores.add_invitations([&guest(1)]).await;
        let expected = guest(1).0;
        let found = ok(stores.orgs.find_invitation(&token_hash(1)).await);
        assert_eq!(found.as_ref().map(|found| found.email.as_str()), Some("Guest1@Example.com"));
        assert_eq!(found, Some(expected.clone()));
        let mut tx = ok(stores.orgs.begin().await);
        let rows = tx.invitations();
        assert_eq!(ok(rows.find(org(), invitation_id(1)).await), Some(expected.clone()));
        assert_eq!(ok(rows.find_open(org(), &parsed("guest1@example.com")).await), Some(expected.clone()));
        assert_eq!(ok(rows.lock_by_token(&token_hash(1)).await), Some(expected));
    }

    async fn an_unknown_token_finds_nothing(harness: &impl Harness) {
        let stores = harness.stores();
        organizations(stores).await;
        stores.add_invitations([&guest(1)]).await;
        assert_eq!(ok(stores.orgs.find_invitation(&token_hash(2)).await), None);
        assert_eq!(ok(ok(stores.orgs.begin().await).invitations().lock_by_token(&token_hash(2)).await), None);
    }

    async fn an_invitation_is_found_in_its_organization_only(harness: &impl Harness) {
        let stores = harness.stores();
        organizations(stores).await;
        stores.add_invitations([&guest(1)]).await;
        let mut tx = ok(stores.orgs.begin().await);
        let rows = tx.invitations();
        assert_eq!(ok(rows.find(organization_id(2), invitation_id(1)).await), None);
        assert_eq!(ok(rows.find_open(organization_id(2), &guest(1).0.email).await), None);
        assert_eq!(ok(rows.find(org(), invitation_id(2)).await), None);
    }

    async fn an_address_has_one_open_invitation_of_an_organization(harness: &impl Harness) {
        let stores = harness.stores();
        organizations(stores).await;
        stores.add_invitations([&guest(1), &invitation(3, organization_id(2), user_id(1))]).await;
        let same = Invitation { email: guest(1).0.email, ..guest(2).0 };
        conflict(
            insert(stores.orgs.clone(), (same.clone(), token_hash(2))).await,
            "invitations_organization_id_pending_email",
        );
        let elsewhere = Invitation { organization_id: organization_id(2), ..same };
        ok(insert(stores.orgs.clone(), (elsewhere, token_hash(2))).await);
    }

    async fn an_address_in_another_case_is_the_same(harness: &impl Harness) {
        let stores = harness.stores();
        organizations(stores).await;
        stores.add_invitations([&guest(1)]).await;
        let same = Invitation { email: parsed("GUEST1@EXAMPLE.COM"), ..guest(2).0 };
        conflict(insert(stores.orgs.clone(), (same, token_hash(2))).await, "invitations_organization_id_pending_email");
    }

    async fn an_address_may_be_invited_again_once_the_first_has_ended(harness: &impl Harness) {
        let stores = harness.stores();
        organizations(stores).await;
        stores.add_invitations([&guest(1)]).await;
        assert!(ok(end(stores.orgs.clone(), 1, withdrawn()).await));
        let again = Invitation { email: guest(1).0.email, ..guest(2).0 };
        ok(insert(stores.orgs.clone(), (again.clone(), token_hash(2))).await);
        let mut tx = ok(stores.orgs.begin().await);
        assert_eq!(ok(tx.invitations().find_open(org(), &again.email).await), Some(again));
    }

    async fn a_token_identifies_one_invitation(harness: &impl Harness) {
        let stores = harness.stores();
        organizations(stores).await;
        stores.add_invitations([&guest(1)]).await;
        conflict(insert(stores.orgs.clone(), (guest(2).0, token_hash(1))).await, "invitations_token_hash");
    }

    async fn an_invitation_id_is_unique(harness: &impl Harness) {
        let stores = harness.stores();
        organizations(stores).await;
        stores.add_invitations([&guest(1)]).await;
        let same = Invitation { id: invitation_id(1), ..guest(2).0 };
        conflict(insert(stores.orgs.clone(), (same, token_hash(2))).await, "invitations_id");
    }

    async fn an_invitation_requires_its_organization(harness: &impl Harness) {
        conflict(insert(harness.stores().orgs.clone(), guest(1)).await, StoreError::REFERENCE);
    }

    async fn an_invitation_is_ended_once(harness: &impl Harness) {
        let stores = harness.stores();
        organizations(stores).await;
        stores.add_invitations([&guest(1)]).await;
        assert!(!ok(end(stores.orgs.clone(), 1, InvitationState::Open).await));
        let accepted = InvitationState::Accepted { at: NOW + Duration::minutes(1) };
        assert!(ok(end(stores.orgs.clone(), 1, accepted).await));
        assert!(!ok(end(stores.orgs.clone(), 1, withdrawn()).await));
        assert!(!ok(end(stores.orgs.clone(), 9, accepted).await));
        let found = ok(stores.orgs.find_invitation(&token_hash(1)).await);
        assert_eq!(found, Some(Invitation { state: accepted, ..guest(1).0 }));
    }

    async fn a_renewed_invitation_has_another_token(harness: &impl Harness) {
        let stores = harness.stores();
        organizations(stores).await;
        stores.add_invitations([&guest(1)]).await;
        let renewed = Invitation { invited_by: user_id(7), expires_at: NOW + Duration::days(9), ..guest(1).0 };
        let mut tx = ok(stores.orgs.begin().await);
        assert!(ok(tx.invitations().renew(&renewed, &token_hash(8)).await));
        ok(tx.commit().await);
        assert_eq!(ok(stores.orgs.find_invitation(&token_hash(1)).await), None);
        assert_eq!(ok(stores.orgs.find_invitation(&token_hash(8)).await), Some(renewed));
    }

    async fn an_ended_invitation_is_not_renewed(harness: &impl Harness) {
        let stores = harness.stores();
        organizations(stores).await;
        stores.add_invitations([&guest(1)]).await;
        assert!(ok(end(stores.orgs.clone(), 1, withdrawn()).await));
        let mut tx = ok(stores.orgs.begin().await);
        assert!(!ok(tx.invitations().renew(&guest(1).0, &token_hash(8)).await));
        assert!(!ok(tx.invitations().renew(&guest(2).0, &token_hash(8)).await));
        ok(tx.commit().await);
        assert_eq!(ok(stores.orgs.find_invitation(&token_hash(8)).await), None);
    }

    async fn invitations_are_listed_in_pages_by_id(harness: &impl Harness) {
        let stores = harness.stores();
        organizations(stores).await;
        let all: Vec<_> = (1..=5).map(guest).collect();
        stores.add_invitations(all.iter().rev()).await;
        stores.add_invitations([&invitation(9, organization_id(2), user_id(1))]).await;
        let expected: Vec<_> = all.into_iter().map(|(invitation, _)| (invitation, None::<Role>)).collect();
        world::pages_in_order(&expected, |page: PageRequest| stores.orgs.list_invitations(org(), page)).await;
    }

    async fn the_longest_page_of_invitations_is_full(harness: &impl Harness) {
        let stores = harness.stores();
        organizations(stores).await;
        stores.add_invitations(&(1..=201).map(guest).collect::<Vec<_>>()).await;
        world::longest_page(|page| stores.orgs.list_invitations(org(), page)).await;
    }

    async fn an_unknown_organization_has_no_invitations(harness: &impl Harness) {
        let stores = harness.stores();
        organizations(stores).await;
        stores.add_invitations([&guest(1)]).await;
        world::is_empty(|page| stores.orgs.list_invitations(organization_id(9), page)).await;
    }

    async fn pending_invitations_are_counted(harness: &impl Harness) {
        let stores = harness.stores();
        organizations(stores).await;
        let expired = Invitation { expires_at: NOW, ..guest(3).0 };
        let foreign = invitation(4, organization_id(2), user_id(1));
        let role = Invitation { role: Role::Owner, ..guest(5).0 };
        stores.add_invitations(&[guest(1), guest(2), (expired, token_hash(3)), foreign, (role, token_hash(5))]).await;
        assert!(ok(end(stores.orgs.clone(), 2, withdrawn()).await));
        let count =
            async |now: OffsetDateTime| ok(ok(stores.orgs.begin().await).invitations().count_pending(org(), now).await);
        assert_eq!(count(NOW).await, 2);
        assert_eq!(count(NOW - Duration::microseconds(1)).await, 3);
        assert_eq!(count(NOW + Invitation::TTL).await, 0);
    }

    async fn an_accepted_invitation_is_reported_for_its_organization(harness: &impl Harness) {
        let stores = harness.stores();
        organizations(stores).await;
        stores.add_invitations([&guest(1), &guest(2), &invitation(3, organization_id(2), user_id(1))]).await;
        let any_accepted = async |of| ok(ok(stores.orgs.begin().await).invitations().any_accepted(of).await);
        assert!(ok(end(stores.orgs.clone(), 1, withdrawn()).await));
        assert!(!any_accepted(org()).await);
        assert!(ok(end(stores.orgs.clone(), 2, InvitationState::Accepted { at: NOW }).await));
        assert_eq!((any_accepted(org()).await, any_accepted(organization_id(2)).await), (true, false));
    }

    async fn mails_are_found_by_their_invitation(harness: &impl Harness) {
        let stores = harness.stores();
        organizations(stores).await;
        let email = parsed("guest1@example.com");
        let at = |minutes: u32| NOW + Duration::minutes(minutes.into());
        let note = |mail, invitation| MailNote {
            mail: mail_id(mail),
            invitation: invitation_id(invitation),
            email: &email,
            at: at(mail),
        };
        let mut tx = ok(stores.orgs.begin().await);
        for (mail, invitation) in [(2, 1), (1, 1), (3, 2), (4, 1)] {
            ok(tx.invitation_mails().note(org(), &note(mail, invitation)).await);
        }
        ok(tx.commit().await);
        let mut tx = ok(stores.orgs.begin().await);
        let mails = tx.invitation_mails();
        assert_eq!(ok(mails.carrying(invitation_id(1)).await), [mail_id(1), mail_id(2), mail_id(4)]);
        assert_eq!(ok(mails.carrying(invitation_id(2)).await), [mail_id(3)]);
        assert_eq!(ok(mails.carrying(invitation_id(9)).await), []);
    }

    async fn the_latest_mail_of_an_invitation_is_its_delivery(harness: &impl Harness) {
        let stores = harness.stores();
        organizations(stores).await;
        let later = NOW + Duration::hours(1);
        // Invitation 6: mail 6 is refused, mail 7 is delivered. Invitation 7: mail 8 is delivered, mail 9 is refused. Mail
        // 5 is cancelled.
        let carried = [(1, 1), (2, 2), (3, 3), (4, 4), (5, 5), (6, 6), (6, 7), (7, 8), (7, 9)];
        stores.add_invitations(&(1..=8).map(guest).collect::<Vec<_>>()).await;
        stores.add_mails(&(1..=9).map(mail).collect::<Vec<_>>()).await;
        let mut tx = ok(stores.orgs.begin().await);
        for (invitation, mail) in carried {
            let email = guest(invitation).0.email;
            let note = MailNote { mail: mail_id(mail), invitation: invitation_id(invitation), email: &email, at: NOW };
            ok(tx.invitation_mails().note(org(), &note).await);
        }
        ok(tx.outbox().cancel(&[mail_id(5)]).await);
        ok(tx.commit().await);
        assert_eq!(ok(stores.mails.take(later, later + Duration::HOUR, 10).await).len(), 8);
        for sent in [2, 7, 8] {
            assert!(ok(stores.mails.delivered(mail_id(sent), later).await));
        }
        for refused in [3, 6, 9] {
            assert!(ok(stores.mails.refuse(mail_id(refused), 1, MailRefusal::NonAsciiAddress, later).await));
        }
        // Only mail 1 has expired at this time.
        assert_eq!(ok(stores.mails.erase_expired(mail(1).expires_at, 10).await), 1);
        let asked: Vec<_> = (1..=9).map(invitation_id).collect();
        let found = ok(in_time(stores.orgs.list_deliveries(&asked)).await);
        let expected = [
            (1, MailDelivery::Failed),
            (2, MailDelivery::Sent),
            (3, MailDelivery::Failed),
            (4, MailDelivery::Queued),
            (6, MailDelivery::Sent),
            (7, MailDelivery::Failed),
        ];
        assert_eq!(found, expected.map(|(number, delivery)| (invitation_id(number), delivery)).into());
        assert!(ok(stores.orgs.list_deliveries(&[]).await).is_empty());
    }

    async fn of_eight_invitations_of_one_address_one_is_added(harness: &impl Harness) {
        let stores = harness.stores();
        organizations(stores).await;
        let attempts = attempts_at_once(harness, 8, |number| {
            let same = Invitation { email: guest(1).0.email, ..guest(number + 1).0 };
            insert(stores.orgs.clone(), (same, token_hash(number + 1)))
        });
        one_wins(attempts.await, "invitations_organization_id_pending_email");
        nothing_is_held(harness).await;
    }

    async fn of_eight_ends_of_one_invitation_one_counts(harness: &impl Harness) {
        let stores = harness.stores();
        organizations(stores).await;
        stores.add_invitations([&guest(1)]).await;
        let ended = at_once(harness, 8, |number| {
            let at = NOW + Duration::seconds(number.into());
            end(stores.orgs.clone(), 1, InvitationState::Accepted { at })
        });
        assert_eq!(ended.await.into_iter().filter(|ended| *ended).count(), 1);
    }

    async fn hashes_that_differ_in_their_last_byte_are_two_tokens(harness: &impl Harness) {
        let stores = harness.stores();
        organizations(stores).await;
        let (one, other) = (guest(1), (guest(2).0, neighbour_of(token_hash(1))));
        stores.add_invitations([&one]).await;
        assert_eq!(ok(stores.orgs.find_invitation(&other.1).await), None);
        stores.add_invitations([&other]).await;
        for (invitation, token) in [one, other] {
            assert_eq!(ok(stores.orgs.find_invitation(&token).await), Some(invitation));
        }
    }
);
