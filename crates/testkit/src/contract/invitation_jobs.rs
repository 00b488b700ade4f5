//! The promises of [`InvitationJobs`](tessera_orgs::ports::InvitationJobs).

use tessera_kernel::{MailId, SecretHash};
use tessera_orgs::{
    model::{Invitation, InvitationState},
    ports::MailNote,
};
use time::{Duration, OffsetDateTime};

use crate::{
    Harness, Stores,
    builders::{NOW, invitation, invitation_id, mail_id, organization, organization_id, token_hash, user_id},
    expectations::{ok, parsed},
};

fn later(seconds: i64) -> OffsetDateTime {
    NOW + Duration::seconds(seconds)
}

/// The invitation of organization 1 with that number, which expires after so many seconds.
fn expiring(number: u32, seconds: i64) -> (Invitation, SecretHash) {
    let (invitation, token) = invitation(number, organization_id(1), user_id(1));
    (Invitation { expires_at: later(seconds), ..invitation }, token)
}

async fn add(stores: &Stores, invitations: &[(Invitation, SecretHash)]) {
    stores.add_organizations([&organization(1), &organization(2)]).await;
    stores.add_invitations(invitations).await;
}

async fn exists(stores: &Stores, number: u32) -> bool {
    ok(stores.orgs.find_invitation(&token_hash(number)).await).is_some()
}

async fn end(stores: &Stores, number: u32, state: InvitationState) {
    let mut tx = ok(stores.orgs.begin().await);
    assert!(ok(tx.invitations().end(invitation_id(number), state).await));
    ok(tx.commit().await);
}

contract!(
    use invitation_jobs as invitation_jobs_contract;

    async fn invitations_are_deleted_by_the_time_of_their_end(harness: &impl Harness) {
        let stores = harness.stores();
        let invitations = [(1, 0), (2, 1), (3, 100), (4, 100), (5, -5), (6, 100)];
        add(stores, &invitations.map(|(number, seconds)| expiring(number, seconds))).await;
        end(stores, 3, InvitationState::Withdrawn { at: later(0) }).await;
        end(stores, 4, InvitationState::Accepted { at: later(1) }).await;
        // It was withdrawn after it had expired.
        end(stores, 5, InvitationState::Withdrawn { at: later(1) }).await;
        assert_eq!(ok(stores.invitation_jobs.delete_invitations(later(0), 10).await), 2);
        for (number, stays) in [(1, false), (2, true), (3, false), (4, true), (5, true), (6, true)] {
            assert_eq!(exists(stores, number).await, stays, "{number}");
        }
    }

    async fn invitations_are_deleted_in_steps_by_end_time(harness: &impl Harness) {
        let stores = harness.stores();
        add(stores, &[expiring(1, -1), expiring(2, -2), expiring(3, -3)]).await;
        assert_eq!(ok(stores.invitation_jobs.delete_invitations(NOW, 2).await), 2);
        assert!(exists(stores, 1).await && !exists(stores, 2).await && !exists(stores, 3).await);
        assert_eq!(ok(stores.invitation_jobs.delete_invitations(NOW, 2).await), 1);
        assert_eq!(ok(stores.invitation_jobs.delete_invitations(NOW, 2).await), 0);
    }

    async fn an_acceptance_is_known_after_its_invitation_is_deleted(harness: &impl Harness) {
        let stores = harness.stores();
        let (other, token) = invitation(2, organization_id(2), user_id(1));
        add(stores, &[expiring(1, 100), (other, token)]).await;
        end(stores, 1, InvitationState::Accepted { at: NOW }).await;
        end(stores, 2, InvitationState::Withdrawn { at: NOW }).await;
        assert_eq!(ok(stores.invitation_jobs.delete_invitations(NOW, 10).await), 2);
        let any_accepted =
            async |of| ok(ok(stores.orgs.begin().await).invitations().any_accepted(organization_id(of)).await);
        assert_eq!((any_accepted(1).await, any_accepted(2).await), (true, false));
    }

    async fn records_of_mails_are_deleted_in_steps_the_oldest_first(harness: &impl Harness) {
        let stores = harness.stores();
        add(stores, &[expiring(1, 100)]).await;
        let email = parsed("guest@example.com");
        let mut tx = ok(stores.orgs.begin().await);
        for (number, organization, seconds) in [(1, 1, 3), (2, 2, 1), (3, 1, 2), (4, 1, 4)] {
            let (mail, invitation) = (mail_id(number), invitation_id(1));
            let note = MailNote { mail, invitation, email: &email, at: later(seconds) };
            ok(tx.invitation_mails().note(organization_id(organization), &note).await);
        }
        ok(tx.commit().await);
        let left = async || -> Vec<MailId> {
            ok(ok(stores.orgs.begin().await).invitation_mails().carrying(invitation_id(1)).await)
        };
        let delete = async |seconds, most| ok(stores.invitation_jobs.delete_mail_notes(later(seconds), most).await);
        assert_eq!((delete(3, 2).await, left().await), (2, vec![mail_id(1), mail_id(4)]));
        assert_eq!((delete(3, 2).await, left().await), (1, vec![mail_id(4)]));
        assert_eq!(delete(3, 2).await, 0);
    }
);
