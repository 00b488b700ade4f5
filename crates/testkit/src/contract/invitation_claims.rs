//! The promises of [`InvitationRows`](tessera_orgs::ports::InvitationRows) about claims.

use tessera_kernel::{InvitationClaimId, SecretHash};
use tessera_orgs::model::{Claim, Invitation, InvitationState};
use time::{Duration, OffsetDateTime};

use crate::{
    Harness, Stores,
    builders::{NOW, invitation, invitation_id, organization, organization_id, token_hash, user_id},
    expectations::ok,
};

/// The invitation of organization 1 with that number.
fn invited(number: u32) -> (Invitation, SecretHash) {
    invitation(number, organization_id(1), user_id(1))
}

async fn withdraw(stores: &Stores, number: u32) -> bool {
    let mut tx = ok(stores.orgs.begin().await);
    let ended = ok(tx.invitations().end(invitation_id(number), InvitationState::Withdrawn { at: NOW }).await);
    ok(tx.commit().await);
    ended
}

async fn claim(stores: &Stores, number: u32, claim: Claim) -> bool {
    let mut tx = ok(stores.orgs.begin().await);
    let done = ok(tx.invitations().claim(invitation_id(number), claim).await);
    ok(tx.commit().await);
    done
}

fn claim_number(number: u32) -> Claim {
    let by = InvitationClaimId::from_uuid(invitation_id(100 + number).as_uuid());
    Claim { by, until: NOW + Duration::seconds(number.into()) }
}

contract!(
    use invitation_claims as invitation_claims_contract;

    async fn an_open_invitation_is_claimed(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_organizations([&organization(1), &organization(2)]).await;
        stores.add_invitations([&invited(1), &invited(2)]).await;
        for number in 1..=2 {
            assert!(claim(stores, 1, claim_number(number)).await);
            let expected = Invitation { claim: Some(claim_number(number)), ..invited(1).0 };
            assert_eq!(ok(stores.orgs.find_invitation(&token_hash(1)).await), Some(expected));
        }
        assert!(withdraw(stores, 1).await);
        assert!(!claim(stores, 1, claim_number(3)).await);
        assert!(!claim(stores, 9, claim_number(3)).await);
        assert_eq!(ok(stores.orgs.find_invitation(&token_hash(2)).await), Some(invited(2).0));
    }

    async fn a_renewed_invitation_has_no_claim(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_organizations([&organization(1), &organization(2)]).await;
        stores.add_invitations([&invited(1)]).await;
        assert!(claim(stores, 1, claim_number(1)).await);
        let mut tx = ok(stores.orgs.begin().await);
        assert!(ok(tx.invitations().renew(&invited(1).0, &token_hash(8)).await));
        ok(tx.commit().await);
        assert_eq!(ok(stores.orgs.find_invitation(&token_hash(8)).await), Some(invited(1).0));
    }

    async fn open_invitations_with_a_lasting_claim_are_counted(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_organizations([&organization(1), &organization(2)]).await;
        stores.add_invitations(&(1..=4).map(invited).collect::<Vec<_>>()).await;
        stores.add_invitations([&invitation(5, organization_id(2), user_id(1))]).await;
        // Invitation 4 is not claimed, and invitation 5 is one of another organization.
        for number in [1, 2, 3, 5] {
            assert!(claim(stores, number, claim_number(number)).await);
        }
        assert!(withdraw(stores, 3).await);
        let count = async |now: OffsetDateTime| {
            ok(ok(stores.orgs.begin().await).invitations().count_claimed(organization_id(1), now).await)
        };
        assert_eq!(count(NOW).await, 2);
        assert_eq!(count(NOW + Duration::seconds(1)).await, 1);
        assert_eq!(count(NOW + Duration::seconds(2)).await, 0);
    }
);
