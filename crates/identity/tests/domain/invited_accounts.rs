//! Provisioning and sign-in of invited accounts.

use tessera_identity::{ContinueSessionError, model::Session};
use tessera_kernel::{AccountError, InvitedUser, PasswordFault, Principal, Secret};
use tessera_testkit::{
    Workbench,
    builders::{
        NOW, actor_by_key, actor_with, api_key, application, device, organization_id, origin, session, user, user_id,
    },
    expectations::{failed, ok, parsed, some},
};
use time::Duration;

fn guest(email: &str, password: Option<&str>) -> InvitedUser {
    InvitedUser {
        email: parsed(email),
        password: password.map(|password| Secret::new(password.to_owned())),
        display_name: Some("Grace".to_owned()),
        user_agent: None,
        origin: origin(),
    }
}

#[tokio::test]
async fn the_invited_get_an_account_with_a_verified_address() {
    let bench = Workbench::new();
    let provisioned =
        ok(Workbench::provision_account(&bench.identity(), &guest("guest@example.com", Some("violet harbour"))).await);
    assert!(provisioned.created && provisioned.profile_complete);
    let known = some(ok(bench.stores.identity.find_credentials(&parsed("guest@example.com")).await));
    assert!(known.user.id == provisioned.user && known.user.email_verified && known.password_hash.is_some());
    assert_eq!(bench.actions(None).await, ["user.registered"]);
}

#[tokio::test]
async fn a_password_is_not_needed() {
    let bench = Workbench::new();
    ok(Workbench::provision_account(&bench.identity(), &guest("guest@example.com", None)).await);
    let known = ok(bench.stores.identity.find_credentials(&parsed("guest@example.com")).await);
    assert_eq!(known.map(|known| known.password_hash), Some(None));
}

#[tokio::test]
async fn an_account_that_is_there_stays_as_it_is() {
    let bench = Workbench::new();
    bench.user_with_password(1, "violet harbour").await;
    let before = ok(bench.stores.identity.find_credentials(&parsed("user1@example.com")).await);
    let provisioned =
        ok(Workbench::provision_account(&bench.identity(), &guest("USER1@example.com", Some("another lantern"))).await);
    assert_eq!((provisioned.created, provisioned.user), (false, user_id(1)));
    assert_eq!(ok(bench.stores.identity.find_credentials(&parsed("user1@example.com")).await), before);
    assert!(bench.actions(None).await.is_empty());
}

#[tokio::test]
async fn a_guessable_password_makes_no_account() {
    let bench = Workbench::new();
    let error =
        failed(Workbench::provision_account(&bench.identity(), &guest("guest@example.com", Some("password"))).await);
    assert!(matches!(error, AccountError::Password { fault: PasswordFault::Weak, .. }), "{error:?}");
    assert_eq!(ok(bench.stores.identity.find_credentials(&parsed("guest@example.com")).await), None);
}

#[tokio::test]
async fn a_password_of_the_wrong_length_makes_no_account() {
    let bench = Workbench::new();
    for (password, expected) in [
        ("seven77", (PasswordFault::TooShort, "must have at least 8 characters")),
        ("", (PasswordFault::TooShort, "must have at least 8 characters")),
        (&"x".repeat(129), (PasswordFault::TooLong, "must have at most 128 characters")),
    ] {
        let error =
            failed(Workbench::provision_account(&bench.identity(), &guest("guest@example.com", Some(password))).await);
        let AccountError::Password { fault, detail } = error else { panic!("{error:?}") };
        assert_eq!((fault, &*detail), expected);
    }
    assert_eq!(ok(bench.stores.identity.find_credentials(&parsed("guest@example.com")).await), None);
    assert_eq!(bench.hasher.hashed(), 0);
}

#[tokio::test]
async fn a_new_user_gets_their_first_session() {
    let bench = Workbench::new();
    let identity = bench.identity();
    let user = ok(Workbench::provision_account(&identity, &guest("guest@example.com", None)).await).user;
    let signed_in = ok(identity.first_session(user, device(), &origin()).await);
    let principal = ok(identity.authenticate(signed_in.token.expose()).await);
    assert!(matches!(principal, Principal::User { id, .. } if id == user), "{principal:?}");
    assert_eq!(bench.actions(None).await, ["user.registered", "session.started"]);
}

#[tokio::test]
async fn another_token_of_a_session_ends_with_it() {
    let bench = Workbench::new();
    bench.stores.add_users([&user(1)]).await;
    let session = Session { created_at: NOW - Duration::hours(1), ..session(1, user_id(1)) };
    bench.stores.add_session(&session).await;
    let identity = bench.identity();
    let signed_in = ok(identity.continue_session(&actor_with(&session)).await);
    assert_eq!((signed_in.expires_at, signed_in.user), (session.expires_at, user(1)));
    ok(identity.authenticate(signed_in.token.expose()).await);
    ok(identity.sign_out(&actor_with(&session)).await);
    assert!(identity.authenticate(signed_in.token.expose()).await.is_err());
    let error = failed(identity.continue_session(&actor_with(&session)).await);
    assert!(matches!(error, ContinueSessionError::Ended), "{error:?}");
}

#[tokio::test]
async fn a_key_has_no_session() {
    let bench = Workbench::new();
    let key = api_key(1, &application(1, organization_id(1)), user_id(1)).key;
    let error = failed(bench.identity().continue_session(&actor_by_key(&key)).await);
    assert!(matches!(error, ContinueSessionError::Ended), "{error:?}");
}
