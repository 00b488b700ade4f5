//! Contract of the organization ports for the effects of a membership change: visible profiles, departures and ended
//! invitations.

use tessera_identity::model::User;
use tessera_kernel::{InvitationId, OrganizationId, PageRequest, Role, SecretHash, StoreError, UserId};
use tessera_orgs::{
    model::{Invitation, InvitationState, Membership},
    ports::InvitationsOf,
};
use time::{Duration, OffsetDateTime};

use super::world::tenant;
use crate::{
    Harness, Stores,
    builders::{
        NOW, application_id, bare_user, invitation, invitation_id, membership, organization, organization_id,
        token_hash, user, user_id,
    },
    concurrency::{at_once, nothing_is_held},
    expectations::{conflict, ok, parsed, some},
};

fn org() -> OrganizationId {
    organization_id(1)
}

fn hidden(number: u32) -> Membership {
    Membership { profile_visible_at: None, opened_at: None, ..membership(org(), user_id(number), Role::Member) }
}

/// Creates tenant 1 with owner user 1 and member user 2, whose profile is hidden.
async fn with_hidden_member(stores: &Stores) {
    tenant(stores, 1).await;
    stores.add_users([&user(2)]).await;
    stores.add_memberships([&hidden(2)]).await;
}

async fn visible_at(stores: &Stores, number: u32) -> Option<OffsetDateTime> {
    some(ok(stores.orgs.find_membership(org(), user_id(number)).await)).profile_visible_at
}

async fn show(stores: &Stores, id: OrganizationId, user: UserId, at: OffsetDateTime) -> Result<bool, StoreError> {
    let mut tx = stores.orgs.begin().await?;
    let shown = tx.memberships().record_opening(id, user, at).await?;
    tx.commit().await?;
    Ok(shown)
}

/// An invitation of organization 1 to the address of the user with the number.
fn to_user(number: u32) -> (Invitation, SecretHash) {
    let (invitation, hash) = invitation(number, org(), user_id(1));
    (Invitation { email: some(user(number).email), ..invitation }, hash)
}

async fn withdraw(stores: &Stores, of: OrganizationId, which: InvitationsOf<'_>) -> Vec<InvitationId> {
    let mut tx = ok(stores.orgs.begin().await);
    let ended = ok(tx.invitations().withdraw_all(of, which, NOW + Duration::HOUR).await);
    ok(tx.commit().await);
    ended
}

async fn state(stores: &Stores, number: u32) -> InvitationState {
    some(ok(stores.orgs.find_invitation(&token_hash(number)).await)).state
}

contract!(
    use membership_changes as membership_changes_contract;

    async fn the_first_opening_is_recorded_and_shows_a_hidden_profile(harness: &impl Harness) {
        let stores = harness.stores();
        with_hidden_member(stores).await;
        assert_eq!(ok(stores.orgs.find_membership(org(), user_id(2)).await), Some(hidden(2)));
        let at = NOW + Duration::hours(1);
        assert!(ok(show(stores, org(), user_id(2), at).await));
        assert_eq!(visible_at(stores, 2).await, Some(at));
        assert!(!ok(show(stores, org(), user_id(2), at + Duration::HOUR).await));
        assert!(!ok(show(stores, org(), user_id(9), at).await));
        assert!(!ok(show(stores, organization_id(2), user_id(2), at).await));
        assert_eq!(visible_at(stores, 2).await, Some(at));
    }

    async fn an_opening_leaves_a_visible_profile_as_it_is(harness: &impl Harness) {
        let stores = harness.stores();
        tenant(stores, 1).await;
        stores.add_users([&user(2)]).await;
        let visible = membership(org(), user_id(2), Role::Member);
        stores.add_memberships([&Membership { opened_at: None, ..visible.clone() }]).await;
        let at = NOW + Duration::hours(1);
        assert!(ok(show(stores, org(), user_id(2), at).await));
        let expected = Membership { opened_at: Some(at), ..visible };
        assert_eq!(ok(stores.orgs.find_membership(org(), user_id(2)).await), Some(expected));
    }

    async fn the_first_request_of_a_member_shows_the_profile(harness: &impl Harness) {
        let stores = harness.stores();
        with_hidden_member(stores).await;
        stores.add_users([&user(3)]).await;
        stores.add_memberships([&hidden(3)]).await;
        // Requests of other members do not make the profile visible.
        assert_eq!(ok(stores.memberships.role_of(org(), user_id(1)).await), Some(Role::Owner));
        assert_eq!((visible_at(stores, 2).await, visible_at(stores, 3).await), (None, None));
        assert_eq!(ok(stores.memberships.role_of(org(), user_id(2)).await), Some(Role::Member));
        let first = some(visible_at(stores, 2).await);
        assert_eq!(visible_at(stores, 3).await, None);
        assert!(ok(stores.memberships.application_role(application_id(1), user_id(3)).await).is_some());
        assert!(visible_at(stores, 3).await.is_some());
        ok(stores.memberships.role_of(org(), user_id(2)).await);
        assert_eq!(visible_at(stores, 2).await, Some(first));
    }

    async fn of_eight_concurrent_first_requests_one_shows_the_profile(harness: &impl Harness) {
        let stores = harness.stores();
        with_hidden_member(stores).await;
        let shown = at_once(harness, 8, |number| {
            let stores = stores.clone();
            async move { show(&stores, org(), user_id(2), NOW + Duration::seconds(number.into())).await }
        });
        assert_eq!(shown.await.into_iter().filter(|shown| *shown).count(), 1);
        nothing_is_held(harness).await;
    }

    async fn a_membership_is_found_by_the_address_of_its_user(harness: &impl Harness) {
        let stores = harness.stores();
        tenant(stores, 1).await;
        let unverified = User { email: Some(parsed("Ada@Example.com")), email_verified: false, ..user(2) };
        stores.add_users([&unverified, &user(3)]).await;
        let ada = membership(org(), user_id(2), Role::Admin);
        stores.add_memberships([&ada]).await;
        let mut tx = ok(stores.orgs.begin().await);
        let rows = tx.memberships();
        assert_eq!(ok(rows.find_by_email(org(), &parsed("ADA@example.com")).await), Some(ada));
        assert_eq!(ok(rows.find_by_email(org(), &parsed("user3@example.com")).await), None);
        assert_eq!(ok(rows.find_by_email(org(), &parsed("unknown@example.com")).await), None);
        assert_eq!(ok(rows.find_by_email(organization_id(2), &parsed("ada@example.com")).await), None);
    }

    async fn a_departure_is_recorded_replaced_and_deleted(harness: &impl Harness) {
        let stores = harness.stores();
        tenant(stores, 1).await;
        stores.add_organizations([&organization(2)]).await;
        let mut tx = ok(stores.orgs.begin().await);
        assert_eq!(ok(tx.departures().find(org(), user_id(1)).await), None);
        ok(tx.departures().record(org(), user_id(1), NOW).await);
        ok(tx.departures().record(org(), user_id(1), NOW + Duration::DAY).await);
        ok(tx.commit().await);
        let mut tx = ok(stores.orgs.begin().await);
        assert_eq!(ok(tx.departures().find(org(), user_id(1)).await), Some(NOW + Duration::DAY));
        assert_eq!(ok(tx.departures().find(organization_id(2), user_id(1)).await), None);
        assert!(!ok(tx.departures().delete(organization_id(2), user_id(1)).await));
        assert!(ok(tx.departures().delete(org(), user_id(1)).await));
        assert!(!ok(tx.departures().delete(org(), user_id(1)).await));
        drop(tx);
        let mut tx = ok(stores.orgs.begin().await);
        assert_eq!(ok(tx.departures().find(org(), user_id(1)).await), Some(NOW + Duration::DAY));
    }

    async fn a_departure_requires_its_user_and_organization(harness: &impl Harness) {
        let stores = harness.stores();
        tenant(stores, 1).await;
        for (of, who) in [(1, 9), (9, 1)] {
            let mut tx = ok(stores.orgs.begin().await);
            let recorded = match tx.departures().record(organization_id(of), user_id(who), NOW).await {
                Ok(()) => tx.commit().await,
                Err(error) => Err(error),
            };
            conflict(recorded, StoreError::REFERENCE);
        }
    }

    async fn the_open_invitation_to_a_user_is_withdrawn(harness: &impl Harness) {
        let stores = harness.stores();
        tenant(stores, 1).await;
        let unverified = User { email: Some(parsed("USER2@example.com")), email_verified: false, ..user(2) };
        stores.add_users([&unverified, &user(3), &bare_user(4)]).await;
        stores.add_organizations([&organization(2)]).await;
        let (expired, hash) = to_user(2);
        let expired = (Invitation { expires_at: NOW, ..expired }, hash);
        let (elsewhere, hash) = to_user(2);
        let elsewhere = Invitation { id: invitation_id(5), organization_id: organization_id(2), ..elsewhere };
        assert_ne!(hash, token_hash(5));
        stores.add_invitations(&[expired, to_user(3), (elsewhere, token_hash(5))]).await;
        let to = |number| InvitationsOf::Invitee(user_id(number));
        assert_eq!(withdraw(stores, org(), to(4)).await, []);
        assert_eq!(withdraw(stores, org(), to(9)).await, []);
        assert_eq!(withdraw(stores, org(), to(2)).await, [invitation_id(2)]);
        assert_eq!(withdraw(stores, org(), to(2)).await, []);
        assert_eq!(state(stores, 2).await, InvitationState::Withdrawn { at: NOW + Duration::HOUR });
        assert_eq!((state(stores, 3).await, state(stores, 5).await), (InvitationState::Open, InvitationState::Open));
        // The address is free for another invitation.
        let again = Invitation { id: invitation_id(6), ..to_user(2).0 };
        stores.add_invitations([&(again, token_hash(6))]).await;
    }

    async fn the_invitations_of_an_inviter_are_withdrawn_by_role(harness: &impl Harness) {
        let stores = harness.stores();
        tenant(stores, 1).await;
        let sent = |number: u32, by: u32, role: Role| {
            let (invitation, hash) = invitation(number, org(), user_id(by));
            (Invitation { role, ..invitation }, hash)
        };
        let (expired, hash) = sent(5, 7, Role::Owner);
        let expired = Invitation { expires_at: NOW + Duration::HOUR, ..expired };
        let all = [
            sent(1, 7, Role::Owner),
            sent(2, 7, Role::Admin),
            sent(3, 7, Role::Member),
            sent(4, 8, Role::Owner),
            (expired, hash),
        ];
        stores.add_invitations(&all).await;
        let by = |roles: &'static [Role]| InvitationsOf::Inviter { user: user_id(7), roles };
        assert_eq!(withdraw(stores, organization_id(2), by(&[Role::Owner])).await, []);
        assert_eq!(withdraw(stores, org(), by(&[])).await, []);
        assert_eq!(withdraw(stores, org(), by(&[Role::Owner])).await, [invitation_id(1)]);
        let rest = by(&[Role::Owner, Role::Admin, Role::Member]);
        assert_eq!(withdraw(stores, org(), rest).await, [invitation_id(2), invitation_id(3)]);
        assert_eq!((state(stores, 4).await, state(stores, 5).await), (InvitationState::Open, InvitationState::Open));
    }

    async fn an_invitation_is_listed_with_the_role_of_its_inviter(harness: &impl Harness) {
        let stores = harness.stores();
        tenant(stores, 1).await;
        stores.add_users([&user(2)]).await;
        stores.add_organizations([&organization(2)]).await;
        let elsewhere = membership(organization_id(2), user_id(2), Role::Owner);
        stores.add_memberships([&elsewhere]).await;
        stores.add_invitations([&invitation(1, org(), user_id(1)), &invitation(2, org(), user_id(2))]).await;
        let roles = async || {
            let listed = ok(stores.orgs.list_invitations(org(), PageRequest::default()).await).items;
            listed.into_iter().map(|(_, role)| role).collect::<Vec<_>>()
        };
        assert_eq!(roles().await, [Some(Role::Owner), None]);
        stores.add_memberships([&membership(org(), user_id(2), Role::Member)]).await;
        assert_eq!(roles().await, [Some(Role::Owner), Some(Role::Member)]);
    }
);
