//! Contract of all ports that enforce quotas: concurrent requests never exceed a quota.

use std::sync::Arc;

use tessera_apikeys::{
    model::{ApiKey, KeyOwner, KeyState, StoredKey},
    ports::{ApiKeyStore, KeyCounts},
};
use tessera_apps::ports::AppStore;
use tessera_identity::{
    model::{PasswordHash, Session, SessionState},
    ports::IdentityStore,
};
use tessera_kernel::{InvitationClaimId, PageRequest, Role, SessionId, StoreError};
use tessera_orgs::{
    model::{Claim, Membership},
    ports::OrgStore,
};
use time::Duration;

use super::world::tenant;
use crate::{
    Harness,
    builders::{
        NOW, api_key, application, application_id, bare_user, invitation, invitation_id, item_change, membership,
        organization, organization_id, session, session_id, user, user_id, wallet,
    },
    concurrency::{at_once, nothing_is_held},
    expectations::{ok, some},
};

/// The quota in these cases.
const ROOM: u64 = 3;

/// Asserts that as many attempts succeeded as the quota allows.
#[track_caller]
fn room_is_filled(attempts: Vec<bool>) {
    let made: u64 = attempts.into_iter().map(u64::from).sum();
    assert_eq!(made, ROOM);
}

async fn make_key(keys: Arc<dyn ApiKeyStore>, key: StoredKey) -> Result<bool, StoreError> {
    let mut tx = keys.begin().await?;
    assert!(tx.keys().lock(key.key.organization_id).await?);
    let counts = tx.keys().count(key.key.organization_id, key.key.owner, NOW).await?;
    if counts.active >= ROOM {
        return Ok(false);
    }
    tx.keys().insert(&key).await?;
    tx.commit().await?;
    Ok(true)
}

async fn make_application(apps: Arc<dyn AppStore>, number: u32) -> Result<bool, StoreError> {
    let mut tx = apps.begin().await?;
    if some(tx.applications().lock_and_count(organization_id(1)).await?) >= ROOM {
        return Ok(false);
    }
    tx.applications().insert(&application(number, organization_id(1))).await?;
    tx.commit().await?;
    Ok(true)
}

async fn join(orgs: Arc<dyn OrgStore>, number: u32) -> Result<bool, StoreError> {
    let mut tx = orgs.begin().await?;
    some(tx.organizations().lock(organization_id(1)).await?);
    if tx.memberships().count(organization_id(1)).await? >= ROOM {
        return Ok(false);
    }
    tx.memberships().insert(&membership(organization_id(1), user_id(number), Role::Member)).await?;
    tx.commit().await?;
    Ok(true)
}

async fn claim(orgs: Arc<dyn OrgStore>, number: u32) -> Result<bool, StoreError> {
    let mut tx = orgs.begin().await?;
    some(tx.organizations().lock(organization_id(1)).await?);
    if tx.invitations().count_claimed(organization_id(1), NOW).await? >= ROOM {
        return Ok(false);
    }
    let by = InvitationClaimId::from_uuid(invitation_id(100 + number).as_uuid());
    let claim = Claim { by, until: NOW + Claim::TTL };
    assert!(tx.invitations().claim(invitation_id(number), claim).await?);
    tx.commit().await?;
    Ok(true)
}

async fn found(orgs: Arc<dyn OrgStore>, number: u32) -> Result<bool, StoreError> {
    let mut tx = orgs.begin().await?;
    tx.organizations().insert(&organization(number)).await?;
    if tx.memberships().lock_and_count_owned(user_id(1), true).await? >= ROOM {
        return Ok(false);
    }
    tx.memberships().insert(&membership(organization_id(number), user_id(1), Role::Owner)).await?;
    tx.commit().await?;
    Ok(true)
}

async fn invite(orgs: Arc<dyn OrgStore>, number: u32) -> Result<bool, StoreError> {
    let (invitation, token) = invitation(number, organization_id(1), user_id(1));
    let mut tx = orgs.begin().await?;
    some(tx.organizations().lock(organization_id(1)).await?);
    if tx.invitations().count_pending(organization_id(1), NOW).await? >= ROOM {
        return Ok(false);
    }
    tx.invitations().insert(&invitation, &token).await?;
    tx.commit().await?;
    Ok(true)
}

async fn link(identity: Arc<dyn IdentityStore>, number: u32) -> Result<bool, StoreError> {
    let mut tx = identity.begin().await?;
    if some(tx.users().lock(user_id(1)).await?).user.wallets.len() as u64 >= ROOM {
        return Ok(false);
    }
    tx.wallets().insert(user_id(1), &wallet(number)).await?;
    tx.commit().await?;
    Ok(true)
}

async fn live(identity: &dyn IdentityStore, of: u32) -> Vec<SessionId> {
    let page = ok(identity.list_live_sessions(user_id(of), NOW, PageRequest::default()).await);
    page.items.into_iter().map(|session| session.id).collect()
}

async fn sign_in(identity: Arc<dyn IdentityStore>, number: u32, hash: PasswordHash) -> Result<(), StoreError> {
    let mut tx = identity.begin().await?;
    let opened = session(number, user_id(1));
    assert!(tx.sessions().insert_for(&opened, &hash).await?);
    tx.sessions().end_least_recently_used(&opened, ROOM).await?;
    tx.commit().await
}

contract!(
    use quotas as quotas_contract;

    async fn of_eight_concurrent_items_the_quota_is_admitted(harness: &impl Harness) {
        let stores = harness.stores();
        tenant(stores, 1).await;
        tenant(stores, 2).await;
        stores.put_item(&item_change(20, application_id(2))).await;
        let attempts = at_once(harness, 8, |number| {
            let (items, change) = (stores.items.clone(), item_change(number + 1, application_id(1)));
            async move { Ok(items.upsert_item(&change, Some(ROOM)).await?.is_some()) }
        });
        room_is_filled(attempts.await);
        let listed = ok(stores.items.list_items(application_id(1), PageRequest::default()).await).items;
        assert_eq!(listed.len() as u64, ROOM);
        assert!(ok(stores.items.upsert_item(&item_change(9, application_id(1)), Some(ROOM + 1)).await).is_some());
        assert!(ok(stores.items.upsert_item(&item_change(10, application_id(1)), Some(ROOM + 1)).await).is_none());
        assert!(ok(stores.items.upsert_item(&item_change(10, application_id(1)), None).await).is_some());
        nothing_is_held(harness).await;
    }

    async fn an_item_is_changed_when_the_quota_is_reached(harness: &impl Harness) {
        let stores = harness.stores();
        tenant(stores, 1).await;
        let change = item_change(1, application_id(1));
        // All calls change the same item, so they need only one place.
        let attempts = at_once(harness, 8, |_| {
            let (items, change) = (stores.items.clone(), change.clone());
            async move { Ok(some(items.upsert_item(&change, Some(1)).await?).version) }
        });
        let mut versions = attempts.await;
        versions.sort_unstable();
        assert_eq!(versions, (1..=8).collect::<Vec<_>>());
        assert_eq!(ok(stores.items.upsert_item(&item_change(2, application_id(1)), Some(1)).await), None);
    }

    async fn of_eight_concurrent_keys_the_quota_is_admitted(harness: &impl Harness) {
        let stores = harness.stores();
        let tenant = tenant(stores, 1).await;
        let key = |number| api_key(number, &tenant.application, tenant.owner.id);
        room_is_filled(at_once(harness, 8, |number| make_key(stores.api_keys.clone(), key(number + 1))).await);
        nothing_is_held(harness).await;
    }

    async fn active_keys_and_all_keys_are_counted_separately(harness: &impl Harness) {
        let stores = harness.stores();
        let tenant = tenant(stores, 1).await;
        let (second, gone) = (application(2, organization_id(1)), application(3, organization_id(1)));
        stores.add_applications([&second, &gone]).await;
        let key = |number, of| api_key(number, of, tenant.owner.id);
        let with = |number, state, expires_at| {
            let StoredKey { key, hash } = key(number, &tenant.application);
            StoredKey { key: ApiKey { state, expires_at, ..key }, hash }
        };
        let revoked = with(1, KeyState::Revoked { at: NOW }, None);
        let (expired, eternal) = (with(2, KeyState::Active, Some(NOW)), with(3, KeyState::Active, None));
        let ends_next = with(4, KeyState::Active, Some(NOW + Duration::microseconds(1)));
        let (elsewhere, in_gone) = (key(5, &second), key(6, &gone));
        stores.add_keys([&revoked, &expired, &eternal, &ends_next, &elsewhere, &in_gone]).await;
        let mut tx = ok(stores.apps.begin().await);
        assert!(ok(tx.applications().delete(gone.id).await));
        ok(tx.commit().await);
        let counts = async |organization, application| {
            let mut tx = ok(stores.api_keys.begin().await);
            ok(tx
                .keys()
                .count(organization_id(organization), KeyOwner::Application(application_id(application)), NOW)
                .await)
        };
        assert_eq!(counts(1, 1).await, KeyCounts { active: 2, in_organization: 5 });
        assert_eq!(counts(1, 2).await, KeyCounts { active: 1, in_organization: 5 });
        assert_eq!(counts(2, 1).await, KeyCounts { active: 0, in_organization: 0 });
    }

    async fn of_eight_concurrent_applications_the_quota_is_admitted(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_organizations([&organization(1), &organization(2)]).await;
        stores.add_applications([&application(20, organization_id(2))]).await;
        room_is_filled(at_once(harness, 8, |number| make_application(stores.apps.clone(), number + 1)).await);
        let mut tx = ok(stores.apps.begin().await);
        assert_eq!(ok(tx.applications().lock_and_count(organization_id(3)).await), None);
        drop(tx);
        nothing_is_held(harness).await;
    }

    async fn of_eight_concurrent_members_the_quota_is_admitted(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users(&(1..=9).map(user).collect::<Vec<_>>()).await;
        stores.add_organizations([&organization(1), &organization(2)]).await;
        stores.add_memberships([&membership(organization_id(2), user_id(9), Role::Member)]).await;
        room_is_filled(at_once(harness, 8, |number| join(stores.orgs.clone(), number + 1)).await);
    }

    async fn of_eight_concurrent_claims_the_quota_is_admitted(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_organizations([&organization(1)]).await;
        let invitations = (1..=8).map(|number| invitation(number, organization_id(1), user_id(1)));
        stores.add_invitations(&invitations.collect::<Vec<_>>()).await;
        room_is_filled(at_once(harness, 8, |number| claim(stores.orgs.clone(), number + 1)).await);
        nothing_is_held(harness).await;
    }

    async fn of_eight_concurrent_organizations_the_quota_is_admitted(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1), &user(2)]).await;
        stores.add_organizations([&organization(20), &organization(21)]).await;
        // Only organizations that the user owns and has opened count. Other memberships and the organizations of other users
        // do not.
        let others = [(20, 1, Role::Admin), (21, 1, Role::Member), (20, 2, Role::Owner), (21, 2, Role::Owner)];
        let others = others.map(|(of, user, role)| membership(organization_id(of), user_id(user), role));
        stores.add_memberships(&others).await;
        stores.add_organizations([&organization(22)]).await;
        let unopened = Membership { opened_at: None, ..membership(organization_id(22), user_id(1), Role::Owner) };
        stores.add_memberships([&unopened]).await;
        room_is_filled(at_once(harness, 8, |number| found(stores.orgs.clone(), number + 1)).await);
        let mut tx = ok(stores.orgs.begin().await);
        assert_eq!(ok(tx.memberships().lock_and_count_owned(user_id(1), false).await), 1);
        assert_eq!(ok(tx.memberships().lock_and_count_owned(user_id(9), true).await), 0);
    }

    async fn of_eight_concurrent_invitations_the_quota_is_admitted(harness: &impl Harness) {
        let stores = harness.stores();
        tenant(stores, 1).await;
        room_is_filled(at_once(harness, 8, |number| invite(stores.orgs.clone(), number + 1)).await);
    }

    async fn of_eight_concurrent_wallets_the_quota_is_admitted(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&bare_user(1)]).await;
        room_is_filled(at_once(harness, 8, |number| link(stores.identity.clone(), number + 1)).await);
    }

    async fn of_eight_concurrent_sign_ins_the_quota_of_sessions_is_live(harness: &impl Harness) {
        let stores = harness.stores();
        let hash = PasswordHash::from_phc("hash".to_owned());
        stores.add_user_with_password(&user(1), &hash).await;
        at_once(harness, 8, |number| sign_in(stores.identity.clone(), number + 1, hash.clone())).await;
        assert_eq!(live(&*stores.identity, 1).await.len() as u64, ROOM);
        nothing_is_held(harness).await;
    }

    async fn the_least_recently_used_sessions_end_first(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1), &user(2)]).await;
        // The time of the last use decides the order. The age counts only for equal times.
        let used = |number, seconds, age| {
            let (last_used_at, created_at) = (NOW - Duration::seconds(seconds), NOW - Duration::seconds(age));
            Session { last_used_at, created_at, ..session(number, user_id(1)) }
        };
        let ended = Session { state: SessionState::Ended { at: NOW }, ..used(6, 0, 0) };
        let expired = Session { expires_at: NOW, ..used(7, 0, 0) };
        for session in [used(1, 10, 90), used(2, 30, 30), used(3, 20, 90), used(4, 20, 95), ended, expired] {
            stores.add_session(&session).await;
        }
        stores.add_session(&session(9, user_id(2))).await;
        let end = async |keep, most| {
            let mut tx = ok(stores.identity.begin().await);
            let ended = ok(tx.sessions().end_least_recently_used(&session(keep, user_id(1)), most).await);
            ok(tx.commit().await);
            (ended, live(&*stores.identity, 1).await)
        };
        let ids = |numbers: &[u32]| numbers.iter().copied().map(session_id).collect::<Vec<_>>();
        assert_eq!(end(1, 4).await, (0, ids(&[1, 2, 3, 4])));
        assert_eq!(end(1, 2).await, (2, ids(&[1, 3])));
        // The session to keep stays, even if another one was used later by the clock of another node.
        assert_eq!(end(3, 1).await, (1, ids(&[3])));
        assert_eq!(live(&*stores.identity, 2).await, ids(&[9]));
    }
);
