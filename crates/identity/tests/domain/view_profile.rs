//! Reads of the own account.

use tessera_identity::{ProfileError, model::User};
use tessera_testkit::{
    Workbench,
    builders::{actor_by_key, actor_of, api_key, application, organization_id, user, user_id},
    expectations::{failed, ok},
};

#[tokio::test]
async fn a_user_sees_their_own_account() {
    let bench = Workbench::new();
    bench.stores.add_users([&user(1), &user(2)]).await;
    assert_eq!(ok(bench.identity().view_profile(&actor_of(user_id(2))).await), user(2));
}

#[tokio::test]
async fn an_account_that_is_gone_is_not_found() {
    let error = failed(Workbench::new().identity().view_profile(&actor_of(user_id(1))).await);
    assert!(matches!(error, ProfileError::NotFound), "{error:?}");
}

#[tokio::test]
async fn an_application_has_no_account() {
    let bench = Workbench::new();
    bench.stores.add_users([&user(1)]).await;
    let key = api_key(1, &application(1, organization_id(1)), user_id(1)).key;
    let error = failed(bench.identity().view_profile(&actor_by_key(&key)).await);
    assert!(matches!(error, ProfileError::NotFound), "{error:?}");
}

#[test]
fn a_profile_is_complete_with_address_and_display_name() {
    assert!(user(1).profile_complete());
    assert!(User { first_name: None, last_name: None, avatar_url: None, ..user(1) }.profile_complete());
    assert!(!User { email: None, ..user(1) }.profile_complete());
    assert!(!User { display_name: None, ..user(1) }.profile_complete());
}
