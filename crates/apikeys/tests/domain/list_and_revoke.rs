//! List and revocation of API keys.

use tessera_apikeys::{KeyError, model::KeyState};
use tessera_kernel::{AccessError, Limit, PageRequest, Role};
use tessera_testkit::{
    Workbench,
    builders::{
        NOW, actor_by_key, actor_of, api_key, api_key_id, application, application_id, organization_id, user, user_id,
    },
    expectations::{failed, ok, some},
};
use time::Duration;

/// Users 1, 2 and 3 are owner, administrator and member of organization 1, whose application 1 has keys 1 and 2. User 9
/// is not a member.
async fn bench() -> Workbench {
    let bench = Workbench::new();
    bench.members(&[Role::Owner, Role::Admin, Role::Member]).await;
    bench.stores.add_users([&user(9)]).await;
    let key = |number| api_key(number, &application(1, organization_id(1)), user_id(1));
    bench.stores.add_keys([&key(1), &key(2)]).await;
    bench
}

async fn revoke(bench: &Workbench, by: u32, key: u32) -> Result<(), KeyError> {
    bench.api_keys().revoke_key(&actor_of(user_id(by)), api_key_id(key)).await
}

async fn state(bench: &Workbench, key: u32) -> KeyState {
    some(ok(bench.stores.api_keys.find_key(api_key_id(key)).await)).state
}

#[tokio::test]
async fn owners_and_administrators_list_keys() {
    let bench = bench().await;
    for by in [1, 2] {
        let listing = (actor_of(user_id(by)), PageRequest::default());
        let page = ok(bench.api_keys().list_keys(&listing.0, application_id(1), listing.1).await);
        let ids: Vec<_> = page.items.iter().map(|key| key.id).collect();
        assert_eq!((ids, page.next), (vec![api_key_id(1), api_key_id(2)], None));
    }
}

#[tokio::test]
async fn revoked_keys_stay_in_the_list() {
    let bench = bench().await;
    ok(revoke(&bench, 1, 1).await);
    let request = PageRequest { limit: ok(Limit::try_from(1)), after: None };
    let page = ok(bench.api_keys().list_keys(&actor_of(user_id(1)), application_id(1), request).await);
    assert_eq!((page.items[0].state, page.next), (KeyState::Revoked { at: NOW }, Some(api_key_id(1).as_uuid())));
}

#[tokio::test]
async fn a_member_lists_no_keys() {
    let bench = bench().await;
    let actor = actor_of(user_id(3));
    let error = failed(bench.api_keys().list_keys(&actor, application_id(1), PageRequest::default()).await);
    assert!(matches!(error, AccessError::Forbidden { .. }), "{error:?}");
}

#[tokio::test]
async fn keys_of_strangers_and_of_the_unknown_look_alike() {
    let bench = bench().await;
    let by_key = actor_by_key(&api_key(1, &application(1, organization_id(1)), user_id(1)).key);
    for (actor, id) in [(actor_of(user_id(9)), 1), (actor_of(user_id(1)), 2), (by_key, 1)] {
        let error = failed(bench.api_keys().list_keys(&actor, application_id(id), PageRequest::default()).await);
        assert!(matches!(error, AccessError::NotFound(_)), "{error:?}");
    }
}

#[tokio::test]
async fn owners_and_administrators_revoke_keys() {
    for by in [1, 2] {
        let bench = bench().await;
        ok(revoke(&bench, by, 1).await);
        assert_eq!(state(&bench, 1).await, KeyState::Revoked { at: NOW });
        assert_eq!(state(&bench, 2).await, KeyState::Active);
    }
}

#[tokio::test]
async fn revoking_again_changes_nothing() {
    let bench = bench().await;
    ok(revoke(&bench, 1, 1).await);
    bench.clock.advance(Duration::HOUR);
    ok(revoke(&bench, 2, 1).await);
    assert_eq!(state(&bench, 1).await, KeyState::Revoked { at: NOW });
}

#[tokio::test]
async fn a_revocation_is_announced_once() {
    let bench = bench().await;
    ok(revoke(&bench, 2, 1).await);
    ok(revoke(&bench, 1, 1).await);
    let events = bench.events(Some(organization_id(1))).await;
    assert_eq!((events.len(), events[0].name.as_str()), (1, "api_key.revoked"));
    assert_eq!(events[0].subject, Some(api_key_id(1).as_uuid()));
    assert_eq!(events[0].actor, Some(("user".to_owned(), user_id(2).as_uuid())));
}

#[tokio::test]
async fn a_member_revokes_no_key() {
    let bench = bench().await;
    let error = failed(revoke(&bench, 3, 1).await);
    assert!(matches!(error, KeyError::Access(AccessError::Forbidden { .. })), "{error:?}");
    assert_eq!(state(&bench, 1).await, KeyState::Active);
}

#[tokio::test]
async fn a_key_of_strangers_and_an_unknown_key_look_alike() {
    let bench = bench().await;
    for (by, key) in [(9, 1), (9, 77), (1, 77)] {
        let error = failed(revoke(&bench, by, key).await);
        assert!(matches!(error, KeyError::NotFound), "{error:?}");
    }
}

#[tokio::test]
async fn a_key_does_not_revoke_itself() {
    let bench = bench().await;
    let actor = actor_by_key(&api_key(1, &application(1, organization_id(1)), user_id(1)).key);
    let error = failed(bench.api_keys().revoke_key(&actor, api_key_id(1)).await);
    assert!(matches!(error, KeyError::NotFound), "{error:?}");
}
